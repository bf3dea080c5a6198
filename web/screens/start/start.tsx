/** Questions to begin with, each a scenario with a short reading; and the way to one's own trace. */

import { useEffect, useState } from "react";
import { openFile } from "../../share/open-file.ts";
import { recentScenarios } from "../../share/recent.ts";
import type { Recent } from "../../share/recent.ts";
import { openDocument } from "../../stores/scenario-store.ts";
import { show } from "../../stores/view-store.ts";
import { GUIDES } from "./guides.ts";
import type { Guide } from "./guides.ts";

export function Start() {
  return (
    <>
      <p className="pad-below">
        Pick a question. Each opens a scenario that has already been thought through; change one
        thing and watch the verdict.
      </p>
      <div className="cards">
        {GUIDES.map((guide) => (
          <GuideCard key={guide.title} guide={guide} />
        ))}
        <section className="card" aria-label="Replay my trace">
          <h3>Replay my own trace</h3>
          <p>
            Drop a trace anywhere on this page: Mooncake, Azure, BurstGPT, or any CSV or JSON Lines
            with a time, prompt tokens and output tokens, gzipped or not. It is read here and sent
            nowhere.
          </p>
          <input
            type="file"
            aria-label="Trace file"
            onChange={(event) => {
              const file = event.target.files?.[0];
              if (file !== undefined) void openFile(file);
            }}
          />
        </section>
        <RecentCard />
      </div>
    </>
  );
}

function GuideCard({ guide }: { readonly guide: Guide }) {
  return (
    <section className="card" aria-label={guide.title}>
      <h3>{guide.title}</h3>
      <p>{guide.why}</p>
      <p className="faint">{guide.look}</p>
      <p className="row">
        <button
          type="button"
          className="strong"
          onClick={() => {
            openDocument(guide.document);
            show(guide.screen);
          }}
        >
          Open
        </button>
        {guide.variants.map(({ label, document, screen }) => (
          <button
            key={label}
            type="button"
            onClick={() => {
              openDocument(document);
              show(screen ?? guide.screen);
            }}
          >
            {label}
          </button>
        ))}
      </p>
    </section>
  );
}

function RecentCard() {
  const [recent, setRecent] = useState<readonly Recent[]>([]);
  useEffect(() => {
    void recentScenarios().then(setRecent);
  }, []);
  if (recent.length === 0) return null;
  return (
    <section className="card" aria-label="Recent scenarios">
      <h3>Recent</h3>
      <ul>
        {recent.map((one) => (
          <li key={one.at}>
            <button
              type="button"
              className="quiet"
              title={one.verdict}
              onClick={() => {
                openDocument(one.document);
                show("overview");
              }}
            >
              {new Date(one.at).toLocaleString()}: {one.name}
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
