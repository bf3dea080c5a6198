/** What lies over all lanes: the scale, the brush, the ruler under the pointer, the clock, and faults. */

import { useMemo } from "react";
import { useStore } from "zustand";
import { axisX, scaleOf } from "../../charts/axes.ts";
import type { Axis } from "../../charts/axes.ts";
import { svgOf } from "../../charts/svg.ts";
import { useTheme } from "../../charts/use-theme.ts";
import { viewStore } from "../../stores/view-store.ts";
import type { Report } from "../../workers/protocol.ts";
import type { TimeWindow } from "./time-window.ts";
import { useTimeView } from "./use-time-view.ts";

const US_PER_S = 1e6;
const SCALE_HEIGHT = 22;

type PlaceProps = {
  readonly window: TimeWindow;
  readonly plot: number;
  readonly labels: number;
};

export function TimeScale({ window, plot, labels }: PlaceProps) {
  const theme = useTheme();
  const { fromUs, toUs } = useTimeView(window);
  const markup = useMemo(() => {
    const axis: Axis = {
      name: "",
      unit: "s",
      scale: "linear",
      domain: [fromUs / US_PER_S, toUs / US_PER_S],
    };
    const box = { left: 0, top: 0, right: plot, bottom: 5 };
    const marks = axisX(axis, scaleOf(axis, [0, plot]), box);
    return svgOf({ width: plot, height: SCALE_HEIGHT, marks }, { theme });
  }, [fromUs, toUs, plot, theme]);
  return (
    <div
      className="lane-scale"
      style={{ marginLeft: labels }}
      aria-hidden="true"
      dangerouslySetInnerHTML={{ __html: markup }}
    />
  );
}

export function TimeMarks({
  window,
  plot,
  labels,
  faults,
}: PlaceProps & { readonly faults: Report["faults"] }) {
  const { fromUs, toUs } = useTimeView(window);
  const { brush, drawnBrush, cursorS, clockS } = useStore(viewStore);
  const at = (s: number): number => ((s * US_PER_S - fromUs) / (toUs - fromUs)) * plot;
  const isIn = (x: number): boolean => x >= 0 && x <= plot;
  const band = drawnBrush ?? brush;
  const left = band === null ? 0 : Math.max(0, at(band.fromS));
  const right = band === null ? 0 : Math.min(plot, at(band.toS));
  return (
    <div className="lane-marks" style={{ left: labels, width: plot }} aria-hidden="true">
      {right > left ? <span className="brush-band" style={{ left, width: right - left }} /> : null}
      {(faults?.events ?? []).map(({ kind, atS }, i) =>
        isIn(at(atS)) ? (
          <span key={i} className="fault-line" style={{ left: at(atS) }}>
            <span>{kind.replaceAll("_", " ")}</span>
          </span>
        ) : null,
      )}
      {cursorS !== null && isIn(at(cursorS)) ? (
        <span className="ruler" style={{ left: at(cursorS) }} />
      ) : null}
      {clockS !== null && isIn(at(clockS)) ? (
        <span className="clock-line" style={{ left: at(clockS) }} />
      ) : null}
    </div>
  );
}
