/** How classes and tenants of requests are served, each by itself; beside the baseline's while two runs are compared. */

import type { Insight } from "../../workers/protocol.ts";

type GroupTable = Insight["groups"][number];

const QUESTIONS: ReadonlyMap<string, string> = new Map([
  ["Classes", "How is each class of requests served?"],
  ["Tenants", "How is each tenant served?"],
]);

/** The column that has words in it. */
const WORDS = "SLO";

export type GroupTablesProps = { readonly insight: Insight; readonly baseline: Insight | null };

export function GroupTables({ insight, baseline }: GroupTablesProps) {
  const titles = new Set(
    [...insight.groups, ...(baseline?.groups ?? [])].map(({ title }) => title),
  );
  return [...titles].map((title) => {
    const own = insight.groups.find((table) => table.title === title);
    const other = baseline?.groups.find((table) => table.title === title);
    return (
      <section key={title} className="figure whole" aria-label={title}>
        <h3>{QUESTIONS.get(title) ?? title}</h3>
        <p className="faint">
          Times in ms, goodput in requests/s
          {baseline === null ? "" : "; A is the baseline, B what is shown"}.
        </p>
        <Groups title={title} runs={baseline === null ? { "": own } : { A: other, B: own }} />
      </section>
    );
  });
}

type GroupsProps = {
  readonly title: string;
  /** By what the run is called; with one run it has no name. A run may have no such table. */
  readonly runs: Readonly<Record<string, GroupTable | undefined>>;
};

function Groups({ title, runs }: GroupsProps) {
  const named = Object.entries(runs);
  const isPair = named.length > 1;
  const head = named.findLast(([, table]) => table !== undefined)?.[1]?.head ?? [];
  const names = new Set(named.flatMap(([, table]) => table?.rows.map(([name]) => name!) ?? []));
  return (
    <div className="table-box" tabIndex={0} role="region" aria-label={`Table: ${title}`}>
      <table className="groups">
        <thead>
          <tr>
            {head.map((name, column) => (
              <Cell key={name} head={name} isHead>
                {column === 0 && isPair ? `${name}, run` : name}
              </Cell>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...names].flatMap((name) =>
            named.flatMap(([run, table]) => {
              const row = table?.rows.find(([first]) => first === name);
              if (row === undefined) return [];
              return [
                <tr key={`${name} ${run}`} className={run === "A" ? "faint-row" : undefined}>
                  <th scope="row">{isPair ? `${name}, ${run}` : name}</th>
                  {row.slice(1).map((text, column) => (
                    <Cell key={head[column + 1]} head={head[column + 1]!}>
                      {text}
                    </Cell>
                  ))}
                </tr>,
              ];
            }),
          )}
        </tbody>
      </table>
    </div>
  );
}

type CellProps = {
  readonly head: string;
  readonly isHead?: boolean;
  readonly children: string;
};

function Cell({ head, isHead = false, children }: CellProps) {
  const className = head === WORDS ? "words" : undefined;
  return isHead ? (
    <th scope="col" className={className}>
      {children}
    </th>
  ) : (
    <td className={className}>{children}</td>
  );
}
