/** Numbers as people read them. Absent values ("no data") are a dash, never a zero. */

export const NO_DATA = "–";

/** Whole numbers with thousands separated, in every locale the same: 12,031. */
export function countText(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** About four significant digits: 0.0123, 1.234, 12.34, 123.4, 1,234. */
export function numberText(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NO_DATA;
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 1000) return countText(value);
  return String(Number(value.toPrecision(size >= 1 ? 4 : 3)));
}

/** A share as percent: 0.3736 → 37.4 %. */
export function percentText(share: number | null): string {
  if (share === null || !Number.isFinite(share)) return NO_DATA;
  const percent = share * 100;
  if (percent !== 0 && Math.abs(percent) < 0.1) return `${percent.toPrecision(1)} %`;
  return `${percent.toFixed(Math.abs(percent) < 10 ? 2 : 1)} %`;
}

/** Milliseconds with the unit that suits: 850 µs, 12.3 ms, 1.25 s, 3 min 20 s. */
export function msText(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return NO_DATA;
  if (ms === 0) return "0 ms";
  if (ms < 1) return `${numberText(ms * 1000)} µs`;
  if (ms < 1000) return `${numberText(ms)} ms`;
  return secondsText(ms / 1000);
}

/** Seconds with the unit that suits: 4.2 s, 3 min 20 s, 59 min, 12.3 h, 4.5 d. */
export function secondsText(seconds: number): string {
  if (!Number.isFinite(seconds)) return NO_DATA;
  if (seconds < 1) return `${numberText(seconds * 1000)} ms`;
  if (seconds < 120) return `${numberText(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) {
    const rest = whole % 60;
    return `${String(Math.floor(whole / 60))} min${rest === 0 ? "" : ` ${String(rest)} s`}`;
  }
  if (seconds < 48 * 3600) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86400).toFixed(1)} d`;
}
