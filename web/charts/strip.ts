/** What held at which time: a strip of coloured stretches with their words in a legend. */

import { axisX, scaleOf, textOf } from "./axes.ts";
import type { Role } from "./palette.ts";
import type { Drawn, Mark, Reading, Size } from "./scene.ts";

export type StripOptions = {
  readonly timeS: ArrayLike<number>;
  /** Index into `names` at each time. */
  readonly codes: ArrayLike<number>;
  readonly names: readonly { readonly name: string; readonly role: Role | null }[];
};

export function drawStrip({ timeS, codes, names }: StripOptions, size: Size): Drawn {
  const plot = { left: 14, top: 6, right: size.width - 14, bottom: size.height - 36 };
  const endS = timeS.length === 0 ? 1 : (timeS[timeS.length - 1] ?? 1);
  const axis = { name: "simulated time", unit: "s", scale: "linear", domain: [0, endS] } as const;
  const scale = scaleOf(axis, [plot.left, plot.right]);
  const marks: Mark[] = [...axisX(axis, scale, plot)];
  const readings: Reading[] = [];
  for (let from = 0; from < codes.length;) {
    const code = codes[from] ?? 0;
    let to = from;
    while (to + 1 < codes.length && codes[to + 1] === code) to++;
    const left = scale(from === 0 ? 0 : (timeS[from - 1] ?? 0));
    const right = scale(timeS[to] ?? 0);
    const { name, role } = names[code] ?? { name: "", role: null };
    if (role !== null) {
      const width = Math.max(1, right - left);
      marks.push({
        kind: "rect",
        x: left,
        y: plot.top,
        width,
        height: plot.bottom - plot.top,
        fill: role,
      });
    }
    const until = textOf(timeS[to] ?? 0, "s");
    readings.push({
      x: (left + right) / 2,
      y: (plot.top + plot.bottom) / 2,
      text: `${name} until ${until}`,
    });
    from = to + 1;
  }
  return {
    scene: { ...size, marks },
    plot,
    series: [{ name: "short", readings }],
    valueAtX: (pixel) => scale.invert(pixel),
    pixelOfX: (value) => scale(value),
  };
}
