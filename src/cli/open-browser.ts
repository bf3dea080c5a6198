/** Opens an address in the user's browser. */

import { spawn } from "node:child_process";

/** False where there is plainly no screen to open it on. */
export function openBrowser(url: string): boolean {
  const { platform, env } = process;
  if (platform === "linux" && (env["DISPLAY"] ?? env["WAYLAND_DISPLAY"]) === undefined)
    return false;
  const [command, args]: readonly [string, readonly string[]] =
    platform === "darwin"
      ? ["open", [url]]
      : platform === "win32"
        ? ["explorer.exe", [url]]
        : ["xdg-open", [url]];
  const child = spawn(command, [...args], { stdio: "ignore", detached: true });
  // No such program: the address is on the terminal.
  child.on("error", () => {});
  child.unref();
  return true;
}
