/** `headworks explore`: what it serves, to whom, and how it ends. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { headworks } from "./spawn.ts";

const PROGRAM = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

type Answer = { readonly status: number; readonly policy: string; readonly text: string };

function get(url: string, host?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = host === undefined ? {} : { host };
    request(url, { headers }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => {
        const policy = String(response.headers["content-security-policy"] ?? "");
        resolve({ status: response.statusCode ?? 0, policy, text });
      });
    })
      .on("error", reject)
      .end();
  });
}

it("serves the page with its policy, holds the scenario and its trace, and ends with Ctrl-C", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headworks-explore-"));
  writeFileSync(join(folder, "mine.csv"), "arrival_s,input_tokens,output_tokens\n0,10,5\n1,20,5\n");
  writeFileSync(join(folder, "one.yaml"), "name: a </script> b\ntrace: mine.csv\n");
  const child = spawn(process.execPath, [
    PROGRAM,
    "explore",
    join(folder, "one.yaml"),
    "--no-open",
  ]);
  const url = await new Promise<string>((resolve) => {
    child.stdout.once("data", (chunk: Buffer) => {
      resolve(chunk.toString().trim());
    });
  });
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  const page = await get(url);
  expect(page.policy).toMatch(/default-src 'none'.*connect-src 'none'/);
  const [, given = ""] = /id="given">(.*?)<\/script>/.exec(page.text) ?? [];
  expect(JSON.parse(given)).toMatchObject({
    document: { name: "a </script> b", trace: "mine.csv" },
    trace: { name: "mine.csv" },
  });
  expect((await get(`${url}../package.json`)).status).toBe(404);
  expect((await get(url, "evil.example")).status).toBe(403);
  child.kill("SIGINT");
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(code).toBe(0);
  rmSync(folder, { recursive: true });
});

it("says what is wrong with a file, a port", async () => {
  const missing = await headworks(["explore", "none.yaml", "--no-open"]);
  expect(missing.code).toBe(2);
  expect(missing.stderr).toMatch(/none\.yaml/);
  const port = await headworks(["explore", "--port", "x", "--no-open"]);
  expect(port.code).toBe(2);
  expect(port.stderr).toMatch(/--port/);
});
