/** Colours of the terminal, in one place; plain text when colours are off. */

export type Style = {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly accent: (text: string) => string;
};

/** ANSI attributes (ECMA-48 "select graphic rendition"), each with its own end. */
function sgr(start: number, end: number): (text: string) => string {
  return (text) => `\u001b[${String(start)}m${text}\u001b[${String(end)}m`;
}

const plain = (text: string): string => text;

const PLAIN: Style = {
  bold: plain,
  dim: plain,
  good: plain,
  bad: plain,
  warn: plain,
  accent: plain,
};

const COLOURED: Style = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  good: sgr(32, 39),
  bad: sgr(31, 39),
  warn: sgr(33, 39),
  accent: sgr(36, 39),
};

export function styleFor(colour: boolean): Style {
  return colour ? COLOURED : PLAIN;
}

/** Length as shown: colour codes take no room. */
export function shownLength(text: string): number {
  // oxlint-disable-next-line no-control-regex -- the escape character is what is looked for
  return [...text.replace(/\u001b\[\d+m/g, "")].length;
}
