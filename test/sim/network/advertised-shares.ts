/**
 * Max-min rates by another road than the engine's: every link advertises a share, every flow takes the least it is offered, and links
 * offer anew what the flows held back elsewhere leave, until nothing changes (the distributed scheme of Charny, Clark and Jain, 1995).
 */

export type OracleFlow = {
  /** Links and how many of the flow's lanes cross each. */
  readonly links: readonly { readonly link: number; readonly lanes: number }[];
  readonly weight: number;
  /** Most that a lane may take. */
  readonly cap: number;
};

/** The level at which a link is full when every flow takes at most what other links offer it. */
function shareOf(capacity: number, users: readonly { lanes: number; limit: number }[]): number {
  const rising = [...users].sort((a, b) => a.limit - b.limit);
  let left = capacity;
  let lanes = users.reduce((sum, user) => sum + user.lanes, 0);
  for (const user of rising) {
    if (user.limit * lanes >= left) return left / lanes;
    left -= user.limit * user.lanes;
    lanes -= user.lanes;
  }
  return Infinity;
}

/** Rate of a lane of each flow. */
export function advertisedRates(
  capacities: readonly number[],
  flows: readonly OracleFlow[],
): number[] {
  const offers = capacities.map(() => Infinity);
  for (let round = 0; round < 10_000; round++) {
    let worst = 0;
    capacities.forEach((capacity, link) => {
      const users = flows.flatMap(({ links, weight, cap }) => {
        const here = links.find((use) => use.link === link);
        if (here === undefined) return [];
        const elsewhere = links
          .filter((use) => use.link !== link)
          .map((use) => offers[use.link] ?? 0);
        return [{ lanes: here.lanes * weight, limit: Math.min(cap / weight, ...elsewhere) }];
      });
      const offer = users.length === 0 ? Infinity : shareOf(capacity, users);
      if (offer !== offers[link]) {
        worst = Math.max(worst, Math.abs(offer - (offers[link] ?? 0)) / Math.max(1, offer));
      }
      offers[link] = offer;
    });
    if (!(worst > 1e-12)) break;
  }
  return flows.map(({ links, weight, cap }) =>
    Math.min(cap, ...links.map(({ link }) => weight * (offers[link] ?? 0))),
  );
}
