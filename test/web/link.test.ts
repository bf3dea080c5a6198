/** Links give back what they were made of, and say what is wrong with others. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { packShared, readLink } from "../../web/share/link-codec.ts";

describe("a link", () => {
  it("gives back any scenario", async () => {
    const document = fc.dictionary(fc.string(), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(document, async (s) => {
        // What JSON itself changes (−0, for one) is not the link's.
        const plain = JSON.parse(JSON.stringify(s)) as typeof s;
        const read = await readLink(`#${await packShared({ s: plain })}`);
        expect(read).toEqual({ ok: true, value: { s: plain } });
      }),
      { numRuns: 200 },
    );
  });

  /** Written by version 0.1.0; it must open for ever. */
  it("of the first release still opens", async () => {
    const first =
      "#v1.HY1BDsIgEEXv8tdgirowXMaMFGzjUMwMVJOGuxvcvcV__x1Q-ANLpPlT5KXwziCXOTI8mCmTvZycvT1g8Hw3eCxumqx-MwyqUEprGAdamoQ4qAoNQCjbHkWprmWzmokZvRsEblqjjOUIRlH4azdQLn-7pnpX-HPv_Qc";
    const s = {
      headworks: 1,
      model: "llama-3.1-8b",
      gpu: "h100-sxm",
      traffic: { source: { trace: "conversation-small" } },
      cluster: { workers: 4 },
      slo: { ttft_s: 2 },
    };
    expect(await readLink(first)).toEqual({ ok: true, value: { s } });
  });

  it.each([
    ["cut", (link: string) => link.slice(0, -6)],
    ["with a letter changed", (link: string) => `${link.slice(0, 8)}A${link.slice(9)}`],
    ["without anything", () => "#v1."],
    ["of no version", () => "#abc"],
  ])("that is %s says so", async (_name, damage) => {
    const link = `#${await packShared({ s: { model: "llama-3.1-8b", cluster: { workers: 8 } } })}`;
    const read = await readLink(damage(link));
    expect(read.ok === false && read.problem.what).toMatch(/cut or damaged/);
    expect(read.ok === false && read.problem.remedy).toBeTruthy();
  });

  it("of a later version asks for a newer program", async () => {
    const read = await readLink("#v9.abc");
    expect(read.ok === false && read.problem.what).toMatch(/version 9/);
  });

  it("that unpacks to fill the memory is refused", async () => {
    const bomb = await packShared({ s: { model: "a".repeat(4 * 1024 * 1024) } });
    const read = await readLink(`#${bomb}`);
    expect(read.ok).toBe(false);
  });
});
