/** Numbers as people read them, under the name that the command line's files know. */

export { countText, msText, NO_DATA, numberText, percentText, secondsText } from "../core/index.ts";
