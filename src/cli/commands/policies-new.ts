/** `headworks policies new NAME`: a router of one's own to start from. */

import { existsSync, writeFileSync } from "node:fs";
import { fail, ok } from "../../core/index.ts";
import type { Result } from "../../core/index.ts";
import { EXIT_DONE } from "../exit-codes.ts";
import { packagePath } from "../package-root.ts";
import type { Terminal } from "../terminal.ts";

/** Writes NAME.ts into the current folder; the exit code. Errors: an odd name, a file that is there. */
export function newPolicyCommand(name: string, terminal: Terminal): Result<number> {
  if (!/^[a-z][a-z0-9_-]*$/.test(name)) {
    return fail({ what: `${JSON.stringify(name)} is no name for a policy`, expected: "my-policy" });
  }
  const typed = runsTypeScript();
  const file = typed ? `${name}.ts` : `${name}.mjs`;
  if (existsSync(file)) {
    return fail({ what: `${file} is there already`, remedy: "choose another name" });
  }
  const contract = packagePath("src/policies/index.ts").replaceAll("\\", "/");
  writeFileSync(file, template(name, contract, typed));
  terminal.out(
    `wrote ${file}; try it: headworks run --trace conversation-small --policy ./${file}\n`,
  );
  return ok(EXIT_DONE);
}

/** Whether this Node strips types by itself (22.18 and newer). */
function runsTypeScript(): boolean {
  const typescript: unknown = Reflect.get(process.features, "typescript");
  return typescript !== undefined && typescript !== false;
}

/** The module; as JavaScript with types in comments where this Node runs no TypeScript. */
function template(file: string, contract: string, typed: boolean): string {
  const name = file.replaceAll("-", "_");
  const extension = typed ? "ts" : "mjs";
  const check = `npx tsc --noEmit --strict ${typed ? "" : "--allowJs --checkJs "}--allowImportingTsExtensions --ignoreConfig`;
  const opening = typed
    ? `import type { RouterPolicy } from ${JSON.stringify(contract)};\n\nexport const policy: RouterPolicy = {`
    : `/** @type {import(${JSON.stringify(contract)}).RouterPolicy} */\nexport const policy = {`;
  const sure = typed ? "!" : "";
  return `/**
 * A router of my own. \`decide\` gets the router's view – columns over workers, with ages – and one request, and
 * returns a worker. It may write \`view.scores\` (lower is better) and \`view.rule\` for \`headworks explain\`.
 *
 * Types: ${check} --module nodenext ${file}.${extension}
 */
${opening}
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
      let best = view.candidates[0]${sure};
      for (let i = 0; i < view.candidateCount; i++) {
        const worker = view.candidates[i]${sure};
        const fresh = request.blocks - view.reach[0][worker]${sure};
        view.scores[worker] = fresh + knobs["queue_weight"]${sure} * view.book.prefillTokens[worker]${sure};
        if (view.scores[worker]${sure} < view.scores[best]${sure}) best = worker;
      }
      view.rule = "fewest blocks to compute";
      return best;
    },
  }),
};
`;
}
