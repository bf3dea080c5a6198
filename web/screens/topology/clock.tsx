/** The clock of the cluster: a moment of the run to look at, moved by hand or played. */

import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { textOf } from "../../charts/axes.ts";
import { viewStore } from "../../stores/view-store.ts";
import { sampleOf } from "./cluster-state.ts";

/** Time between two moments that are played, ms, and time for a whole run at each speed, s. */
const FRAME_MS = 80;
const SPEEDS = [
  ["slow", 90],
  ["normal", 30],
  ["fast", 10],
] as const;

export function Clock({ timeS }: { readonly timeS: Float64Array }) {
  const clockS = useStore(viewStore, (state) => state.clockS);
  const [playS, setPlayS] = useState<number | null>(null);
  const endS = timeS.at(-1) ?? 0;
  const isPlaying = playS !== null;

  useEffect(() => {
    if (playS === null) return undefined;
    const timer = setInterval(() => {
      const next = (viewStore.getState().clockS ?? 0) + (endS * FRAME_MS) / (playS * 1000);
      viewStore.setState({ clockS: Math.min(endS, next) });
      if (next >= endS) setPlayS(null);
    }, FRAME_MS);
    return () => {
      clearInterval(timer);
    };
  }, [playS, endS]);

  if (timeS.length < 2) return null;
  const sample = sampleOf(timeS, clockS);
  return (
    <div className="row clock" role="group" aria-label="Clock">
      <button
        type="button"
        aria-pressed={isPlaying}
        onClick={() => {
          if (clockS === null || clockS >= endS) viewStore.setState({ clockS: 0 });
          setPlayS(isPlaying ? null : 30);
        }}
      >
        {isPlaying ? "Pause" : "Play"}
      </button>
      <input
        type="range"
        aria-label="Moment of the run"
        aria-valuetext={clockS === null ? "the whole run" : textOf(clockS, "s")}
        min={0}
        max={timeS.length - 1}
        value={sample ?? 0}
        onChange={(event) => {
          setPlayS(null);
          viewStore.setState({ clockS: timeS[Number(event.target.value)] ?? 0 });
        }}
      />
      <span className="clock-time">
        {clockS === null ? "the whole run" : `at ${textOf(clockS, "s")}`}
      </span>
      {isPlaying ? (
        <select
          aria-label="Speed"
          value={playS}
          onChange={(event) => {
            setPlayS(Number(event.target.value));
          }}
        >
          {SPEEDS.map(([name, seconds]) => (
            <option key={name} value={seconds}>
              {name}: the run in {seconds} s
            </option>
          ))}
        </select>
      ) : null}
      <button
        type="button"
        disabled={clockS === null}
        onClick={() => {
          setPlayS(null);
          viewStore.setState({ clockS: null });
        }}
      >
        Whole run
      </button>
    </div>
  );
}
