/** The page's dialogs: one is open at a time, in the browser's own element, which keeps focus and Escape. */

import { Suspense, lazy, useEffect, useRef } from "react";
import type { ReactNode } from "react";
import { useStore } from "zustand";
import { viewStore } from "../stores/view-store.ts";
import type { Dialog } from "../stores/view-store.ts";
import { KeysDialog } from "./keys-dialog.tsx";
import { Palette } from "./palette-dialog.tsx";

const ShareDialog = lazy(async () => ({
  default: (await import("../share/share-dialog.tsx")).ShareDialog,
}));

const TITLES: Readonly<Record<Exclude<Dialog, "none" | "privacy">, string>> = {
  keys: "Keys and privacy",
  palette: "Commands",
  share: "Share and export",
};

export function Dialogs() {
  const dialog = useStore(viewStore, (state) => state.dialog);
  if (dialog === "none" || dialog === "privacy") return null;
  return (
    <Modal key={dialog} title={TITLES[dialog]}>
      <Suspense fallback={null}>
        {dialog === "keys" ? <KeysDialog /> : dialog === "palette" ? <Palette /> : <ShareDialog />}
      </Suspense>
    </Modal>
  );
}

function close(): void {
  viewStore.setState({ dialog: "none" });
}

function Modal({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog
      ref={element}
      aria-label={title}
      onClose={close}
      onClick={(event) => {
        if (event.target === element.current) element.current.close();
      }}
    >
      <div className="dialog-body">
        <div className="row">
          <h2>{title}</h2>
          <span className="spacer" />
          <button
            type="button"
            onClick={() => {
              element.current?.close();
            }}
          >
            Close
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
