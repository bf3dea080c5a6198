/** What can be done with a chart: its table, its files, how it was computed. */

import { explain, notify } from "../stores/view-store.ts";
import { runStore } from "../engine/session.ts";
import { csvOf } from "../share/csv.ts";
import { saveBlob, saveText } from "../share/save.ts";
import { LIGHT } from "./palette.ts";
import { pngOf } from "./png.ts";
import type { Chart, Size } from "./scene.ts";
import { svgOf } from "./svg.ts";

export type FigureMenuProps = {
  readonly chart: Chart;
  readonly name: string;
  readonly size: Size;
  readonly asTable: boolean;
  readonly topic: string | undefined;
  readonly onTable: () => void;
};

export function FigureMenu({ chart, name, size, asTable, topic, onTable }: FigureMenuProps) {
  /** A picture that says what it shows, and of which run. */
  function alone(): string {
    const { digest, seed } = runStore.getState().shown.insight.report;
    const description = `${chart.summary} Run ${digest}, seed ${String(seed)}.`;
    const { scene } = chart.draw(size);
    return svgOf(scene, { theme: LIGHT, alone: { title: chart.title, description } });
  }
  async function savePng(): Promise<void> {
    const blob = await pngOf(alone(), size);
    if (blob === null) notify("This browser could not draw the picture; the SVG file works.");
    else saveBlob(blob, `${name}.png`);
  }
  return (
    <div className="figure-menu" role="group" aria-label={`Files of: ${chart.title}`}>
      {topic === undefined ? null : (
        <button
          type="button"
          className="quiet"
          title="How this is computed"
          onClick={() => {
            explain(topic);
          }}
        >
          <span className="info" aria-hidden="true">
            i
          </span>
          <span className="sr-only">How this is computed</span>
        </button>
      )}
      <button type="button" className="quiet" aria-pressed={asTable} onClick={onTable}>
        Table
      </button>
      <button
        type="button"
        className="quiet"
        onClick={() => {
          void savePng();
        }}
      >
        PNG
      </button>
      <button
        type="button"
        className="quiet"
        onClick={() => {
          saveText(alone(), `${name}.svg`, "image/svg+xml");
        }}
      >
        SVG
      </button>
      <button
        type="button"
        className="quiet"
        onClick={() => {
          saveText(csvOf(chart.table), `${name}.csv`, "text/csv");
        }}
      >
        CSV
      </button>
    </div>
  );
}
