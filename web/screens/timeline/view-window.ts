/** Zoom and pan of a stretch of time: pure, within the run. */

export type TimeView = { readonly fromUs: number; readonly toUs: number };

/** Finest view: ten microseconds over the whole width. */
const LEAST_US = 10;

/** Zooms by a factor (< 1: in) around a time that stays where it is. */
export function zoomed(view: TimeView, factor: number, aroundUs: number, endUs: number): TimeView {
  const span = Math.min(endUs, Math.max(LEAST_US, (view.toUs - view.fromUs) * factor));
  const share = (aroundUs - view.fromUs) / (view.toUs - view.fromUs);
  return within(aroundUs - share * span, span, endUs);
}

/** Moves by a share of the view. */
export function panned(view: TimeView, share: number, endUs: number): TimeView {
  const span = view.toUs - view.fromUs;
  return within(view.fromUs + share * span, span, endUs);
}

function within(fromUs: number, span: number, endUs: number): TimeView {
  const from = Math.min(Math.max(0, fromUs), Math.max(0, endUs - span));
  return { fromUs: from, toUs: from + span };
}
