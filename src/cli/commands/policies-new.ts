/** `headworks policies new NAME`: a router of one's own to start from. */

import { existsSync, writeFileSync } from "node:fs";
import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import { packagePath } from "../package-root.ts";
import type { Terminal } from "../terminal.ts";

/** Types of a library without its own, which the contract reaches. */
const UNTYPED = "src/core/alea.d.ts";

/** Writes NAME.ts into the current folder; the exit code. Errors: an odd name, a file that is there. */
export function newPolicyCommand(name: string, terminal: Terminal): Result<number> {
  if (!/^[a-z][a-z0-9_-]*$/.test(name)) {
    return fail({ what: `${JSON.stringify(name)} is no name for a policy`, expected: "my-policy" });
  }
  const file = `${name}.ts`;
  if (existsSync(file)) {
    return fail({ what: `${file} is there already`, remedy: "choose another name" });
  }
  const source = (path: string): string => packagePath(path).replaceAll("\\", "/");
  writeFileSync(file, template(name, source("src/policies/index.ts"), source(UNTYPED)));
  terminal.out(
    `wrote ${file}; try it: headworks run --trace conversation-small --policy ./${file}\n`,
  );
  return ok(EXIT_DONE);
}

/** The module: types that Node strips, or the bundler where Node does not. */
function template(file: string, contract: string, untyped: string): string {
  const name = file.replaceAll("-", "_");
  return `/**
 * A router of my own. \`decide\` gets the router's view – columns over workers, with ages – and one request, and
 * returns a worker. It may write \`view.scores\` (lower is better) and \`view.rule\` for \`headworks explain\`.
 *
 * Its types, wherever it lies:
 *   npx -p typescript@7 tsc --ignoreConfig --noEmit --strict --module preserve --allowImportingTsExtensions \\
 *     ${file}.ts ${untyped}
 */
import type { RouterPolicy } from ${JSON.stringify(contract)};

export const policy: RouterPolicy = {
  meta: {
    name: ${JSON.stringify(name)},
    title: ${JSON.stringify(name)},
    source: "own",
    wins: "when …",
    loses: "when …",
    knobs: [
      {
        name: "queue_weight",
        description: "blocks that a queued prompt token is worth",
        unit: "blocks/token",
        min: 0,
        max: 10,
        default: 0.06,
      },
    ],
  },
  create: (knobs) => ({
    // What is not asked for is not kept up to date: prefix fills view.reach, scrapes fills view.scraped.
    needs: { prefix: true },
    decide(view, request) {
      let best = view.candidates[0]!;
      for (let i = 0; i < view.candidateCount; i++) {
        const worker = view.candidates[i]!;
        const fresh = request.blocks - view.reach[0][worker]!;
        view.scores[worker] = fresh + knobs["queue_weight"]! * view.book.prefillTokens[worker]!;
        if (view.scores[worker]! < view.scores[best]!) best = worker;
      }
      view.rule = "fewest blocks to compute";
      return best;
    },
  }),
};
`;
}
