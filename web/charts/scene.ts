/**
 * A chart as data: marks in pixels. One layout serves the screen, the exported picture and the tests, so
 * they match by construction (svg.ts and canvas.ts draw the same marks).
 */

import type { Ink } from "./palette.ts";

export type Anchor = "start" | "middle" | "end";

export type Mark =
  | {
      readonly kind: "path";
      readonly d: string;
      readonly stroke?: Ink;
      readonly fill?: Ink;
      readonly width?: number;
      readonly dash?: string;
      readonly opacity?: number;
    }
  | {
      readonly kind: "rect";
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      readonly fill: Ink;
      readonly opacity?: number;
      readonly radius?: number;
      readonly stroke?: Ink;
    }
  | {
      readonly kind: "text";
      readonly x: number;
      readonly y: number;
      readonly text: string;
      readonly anchor?: Anchor;
      readonly ink?: Ink;
      readonly size?: number;
      readonly bold?: boolean;
      /** Draws a ground behind the letters, where a mark lies under them. */
      readonly halo?: boolean;
      readonly turn?: number;
    }
  | {
      readonly kind: "circle";
      readonly x: number;
      readonly y: number;
      readonly radius: number;
      readonly fill: Ink;
      readonly stroke?: Ink;
      readonly opacity?: number;
    };

export type Box = {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
};

export type Scene = {
  readonly width: number;
  readonly height: number;
  readonly marks: readonly Mark[];
};

/** A place in the picture that has a value: for the pointer, the keyboard and the table. */
export type Reading = {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  /** What a click on it chooses. */
  readonly id?: number;
};
export type ReadingSeries = { readonly name: string; readonly readings: readonly Reading[] };

/** A laid-out chart: what is drawn and what can be read off it. */
export type Drawn = {
  readonly scene: Scene;
  readonly plot: Box;
  readonly series: readonly ReadingSeries[];
  /** Value on the x axis at a pixel, for brushes; absent where x is no scale. */
  readonly valueAtX?: (pixel: number) => number;
  readonly pixelOfX?: (value: number) => number;
  /** The same up, for goals that are dragged. */
  readonly valueAtY?: (pixel: number) => number;
  readonly pixelOfY?: (value: number) => number;
};

export type Size = { readonly width: number; readonly height: number };

/** The chart's data as rows, for its table twin and its CSV. */
export type Table = {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
};

export type Chart = {
  /** A question that the picture answers. */
  readonly title: string;
  /** One sentence with the answer, for those who do not see the picture, and those who do. */
  readonly summary: string;
  readonly table: Table;
  readonly draw: (size: Size) => Drawn;
};
