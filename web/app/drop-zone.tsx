/** The whole window takes files: traces, scenarios, reports. */

import { useEffect, useState } from "react";

export function DropZone() {
  const [isOver, setIsOver] = useState(false);
  useEffect(() => {
    function over(event: DragEvent): void {
      if (event.dataTransfer?.types.includes("Files") !== true) return;
      event.preventDefault();
      setIsOver(true);
    }
    function leave(event: DragEvent): void {
      if (event.relatedTarget === null) setIsOver(false);
    }
    function drop(event: DragEvent): void {
      const file = event.dataTransfer?.files[0];
      setIsOver(false);
      if (file === undefined) return;
      event.preventDefault();
      void import("../share/open-file.ts").then(({ openFile }) => openFile(file));
    }
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, []);
  return isOver ? (
    <div className="drop-zone">
      <p>Drop a trace, a scenario or a report. It stays in this browser.</p>
    </div>
  ) : null;
}
