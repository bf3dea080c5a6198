/** The palette keeps what its reference promises: told apart under every colour blindness, and from the ground. */

import { describe, expect, it } from "vitest";
import { DARK, LIGHT, ROLES } from "../../web/charts/palette.ts";
import type { ThemeColours } from "../../web/charts/palette.ts";

type Triple = readonly [number, number, number];

/** Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB. */
const BLINDNESS: Readonly<Record<string, readonly Triple[]>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

function linear(hex: string): Triple {
  const channel = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

function seen([r, g, b]: Triple, kind: string): Triple {
  const rows = BLINDNESS[kind] ?? [];
  const row = (i: number): number => {
    const [x = 0, y = 0, z = 0] = rows[i] ?? [];
    return Math.min(1, Math.max(0, x * r + y * g + z * b));
  };
  return [row(0), row(1), row(2)];
}

/** CIE L*a*b* of linear sRGB under D65. */
function lab([r, g, b]: Triple): Triple {
  const f = (t: number): number => (t > 216 / 24389 ? Math.cbrt(t) : (841 / 108) * t + 4 / 29);
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function leastDistance(theme: ThemeColours, kind: string): number {
  const colours = ROLES.map((role) => lab(seen(linear(theme[role]), kind)));
  let least = Infinity;
  colours.forEach((a, i) => {
    for (const b of colours.slice(i + 1)) {
      least = Math.min(least, Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]));
    }
  });
  return least;
}

function contrast(a: string, b: string): number {
  const luminance = (hex: string): number => {
    const [r, g, bl] = linear(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  };
  const [high, low] = [luminance(a), luminance(b)].toSorted((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe.each([
  ["light", LIGHT],
  ["dark", DARK],
] as const)("the %s palette", (_name, theme) => {
  it.each(Object.keys(BLINDNESS))("is told apart by %s eyes", (kind) => {
    expect(leastDistance(theme, kind)).toBeGreaterThan(kind === "normal" ? 50 : 30);
  });

  it("stands out from its ground", () => {
    const least = Math.min(...ROLES.map((role) => contrast(theme[role], theme.panel)));
    expect(least).toBeGreaterThan(3);
  });

  it.each(["ink", "faint", "accent", "bad"] as const)("has text in %s that is legible", (ink) => {
    for (const ground of [theme.panel, theme.paper]) {
      expect(contrast(theme[ink], ground)).toBeGreaterThan(4.5);
    }
  });
});
