/** The stretch of time on show, for the few parts of the page that React draws anew with it. */

import { useEffect, useState } from "react";
import type { TimeWindow } from "./time-window.ts";
import type { TimeView } from "./view-window.ts";

export function useTimeView(window: TimeWindow): TimeView {
  const [view, setView] = useState(window.view);
  useEffect(() => window.paints(setView), [window]);
  return view;
}
