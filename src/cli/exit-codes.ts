/** What the process says to its caller (design: 0 done, 1 gate or SLO, 2 input, 3 defect). */

export const EXIT_DONE = 0;
/** A gate failed. */
export const EXIT_GATE = 1;
/** Wrong input: a file, a flag, a scenario. */
export const EXIT_INPUT = 2;
/** A defect of the program. */
export const EXIT_DEFECT = 3;
/** Ctrl-C, by the shells' convention 128 + SIGINT. */
export const EXIT_INTERRUPTED = 130;
