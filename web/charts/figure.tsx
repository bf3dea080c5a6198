/**
 * The frame of every chart: question, answer in a sentence, picture, table twin, files. The picture is read
 * by pointer and by keyboard alike: arrows walk along and across the series, and each value is spoken.
 */

import { useId, useMemo, useRef, useState } from "react";
import type { KeyboardEvent, MouseEvent, PointerEvent, ReactNode } from "react";
import { useStore } from "zustand";
import { viewStore } from "../stores/view-store.ts";
import { BrushBand } from "./brush-band.tsx";
import { DataTable } from "./data-table.tsx";
import { FigureMenu } from "./figure-menu.tsx";
import { LimitLine } from "./limit-line.tsx";
import type { LimitLineProps } from "./limit-line.tsx";
import { moved, nearestReading, readingAt } from "./read-cursor.ts";
import type { Cursor } from "./read-cursor.ts";
import type { Chart, Drawn } from "./scene.ts";
import { svgOf } from "./svg.ts";
import { useTheme } from "./use-theme.ts";
import { useWidth } from "./use-width.ts";

export type FigureProps = {
  readonly chart: Chart;
  /** Of the picture, in pixels; it may follow from its width. */
  readonly height?: number | ((width: number) => number);
  /** File name of exports, without ending. */
  readonly name: string;
  /** Topic of the method page. */
  readonly topic?: string;
  /** x is simulated time in s: the ruler and the brush are shared with every other such chart. */
  readonly isTime?: boolean;
  /** A goal on the y axis. */
  readonly line?: Omit<LimitLineProps, "drawn">;
  /** Parts of the picture that are dragged, over it. */
  readonly overlay?: (drawn: Drawn) => ReactNode;
  /** A click or Enter on a reading that has an id. */
  readonly onPick?: (id: number) => void;
  /** Legend or controls between the sentence and the picture. */
  readonly children?: ReactNode;
};

export function Figure(props: FigureProps) {
  const { chart, height = 240, name, topic, isTime, line, overlay, onPick, children } = props;
  const id = useId();
  const theme = useTheme();
  const [box, width] = useWidth<HTMLDivElement>();
  const allTables = useStore(viewStore, (state) => state.tables);
  const [ownTable, setOwnTable] = useState<boolean | null>(null);
  const asTable = ownTable ?? allTables;
  const size = useMemo(() => {
    const wide = Math.max(220, width);
    return { width: wide, height: typeof height === "number" ? height : height(wide) };
  }, [width, height]);
  const drawn = useMemo(() => (width === 0 ? null : chart.draw(size)), [chart, size, width]);
  const markup = useMemo(
    () => (drawn === null ? "" : svgOf(drawn.scene, { theme })),
    [drawn, theme],
  );
  const [cursor, setCursor] = useState<Cursor | null>(null);
  const picture = useRef<HTMLDivElement>(null);
  const reading = drawn === null || cursor === null ? undefined : readingAt(drawn, cursor);

  function point(event: PointerEvent): void {
    if (drawn === null || picture.current === null) return;
    const at = picture.current.getBoundingClientRect();
    const x = event.clientX - at.left;
    setCursor(nearestReading(drawn, x, event.clientY - at.top));
    if (isTime === true) viewStore.setState({ cursorS: drawn.valueAtX?.(x) ?? null });
  }
  function press(event: KeyboardEvent): void {
    if (drawn === null) return;
    if (event.key === "Enter" && reading?.id !== undefined) {
      event.preventDefault();
      onPick?.(reading.id);
      return;
    }
    const next = moved(drawn, cursor, event.key);
    if (next === undefined) return;
    event.preventDefault();
    setCursor(next);
  }
  function pick(event: MouseEvent): void {
    if (drawn === null || picture.current === null || onPick === undefined) return;
    const at = picture.current.getBoundingClientRect();
    const [x, y] = [event.clientX - at.left, event.clientY - at.top];
    const nearest = nearestReading(drawn, x, y);
    const found = nearest === null ? undefined : readingAt(drawn, nearest);
    if (found?.id !== undefined) onPick(found.id);
  }
  function leave(): void {
    setCursor(null);
    if (isTime === true) viewStore.setState({ cursorS: null });
  }

  return (
    <div className="figure" role="group" aria-labelledby={`${id}t`} aria-describedby={`${id}d`}>
      <div className="caption">
        <h3 id={`${id}t`}>{chart.title}</h3>
        <FigureMenu
          chart={chart}
          name={name}
          size={size}
          asTable={asTable}
          topic={topic}
          onTable={() => {
            setOwnTable(!asTable);
          }}
        />
        <p id={`${id}d`}>{chart.summary}</p>
      </div>
      {children}
      <div ref={box} className="picture-box">
        {asTable ? (
          <DataTable table={chart.table} label={chart.title} />
        ) : (
          <div
            ref={picture}
            className="picture"
            tabIndex={0}
            role="application"
            aria-roledescription="chart"
            aria-label={`${chart.title} Arrow keys read the values, T shows a table.`}
            onPointerMove={point}
            onPointerLeave={leave}
            onKeyDown={press}
            onClick={pick}
            onBlur={leave}
          >
            <div dangerouslySetInnerHTML={{ __html: markup }} />
            {isTime === true && drawn !== null ? <BrushBand drawn={drawn} /> : null}
            {drawn === null ? null : overlay?.(drawn)}
            {line !== undefined && drawn !== null ? <LimitLine drawn={drawn} {...line} /> : null}
            {reading === undefined ? null : <ReadMark reading={reading} width={size.width} />}
          </div>
        )}
      </div>
      <div className="sr-only" aria-live="polite">
        {reading?.text}
      </div>
    </div>
  );
}

function ReadMark({
  reading,
  width,
}: {
  readonly reading: { readonly x: number; readonly y: number; readonly text: string };
  readonly width: number;
}) {
  const isRight = reading.x > width / 2;
  const side = isRight ? { right: width - reading.x + 10 } : { left: reading.x + 10 };
  return (
    <>
      <span className="read-dot" style={{ left: reading.x, top: reading.y }} />
      <span className="tooltip" style={{ ...side, top: Math.max(0, reading.y - 30) }}>
        {reading.text}
      </span>
    </>
  );
}
