/** Pins of a trace's rows as columns of its file. */

import type { ColumnTable, TableColumn } from "../core/index.ts";
import { column } from "./columns-graph.ts";
import type { AllowedWorkers, RowPins } from "./trace.ts";

export function pinColumns(pins: RowPins | undefined): TableColumn[] {
  const { any, prefill, decode, allowed } = pins ?? {};
  return [
    ...(any === undefined ? [] : [{ name: "pin", data: any }]),
    ...(prefill === undefined ? [] : [{ name: "pinPrefill", data: prefill }]),
    ...(decode === undefined ? [] : [{ name: "pinDecode", data: decode }]),
    ...(allowed === undefined ? [] : allowedColumns(allowed)),
  ];
}

/** The lists one behind the other, and where each begins. */
function allowedColumns({ lists, codes }: AllowedWorkers): TableColumn[] {
  const start = new Uint32Array(lists.length + 1);
  lists.forEach((list, i) => (start[i + 1] = start[i]! + list.length));
  return [
    { name: "allowed", data: codes },
    { name: "allowedStart", data: start },
    { name: "allowedWorker", data: Int32Array.from(lists.flat()) },
  ];
}

/** The pins in a table; a text when they are unsound, undefined when there are none. */
export function readPins(table: ColumnTable, rows: number): RowPins | string | undefined {
  const any = column(table, "pin", Int32Array);
  const prefill = column(table, "pinPrefill", Int32Array);
  const decode = column(table, "pinDecode", Int32Array);
  for (const one of [any, prefill, decode]) {
    if (one !== undefined && one.length !== rows) return "its columns of pins differ in length";
    if (one?.some((worker) => worker < -1) === true) return "a pin is no worker's number";
  }
  const allowed = readAllowed(table, rows);
  if (typeof allowed === "string") return allowed;
  if ([any, prefill, decode, allowed].every((one) => one === undefined)) return undefined;
  return {
    ...(any === undefined ? {} : { any }),
    ...(prefill === undefined ? {} : { prefill }),
    ...(decode === undefined ? {} : { decode }),
    ...(allowed === undefined ? {} : { allowed }),
  };
}

function readAllowed(table: ColumnTable, rows: number): AllowedWorkers | string | undefined {
  const codes = column(table, "allowed", Uint16Array);
  const start = column(table, "allowedStart", Uint32Array);
  const worker = column(table, "allowedWorker", Int32Array);
  if (codes === undefined || start === undefined || worker === undefined) return undefined;
  if (codes.length !== rows) return "its columns of pins differ in length";
  const count = start.length - 1;
  if (count < 1 || start[0] !== 0 || start[1] !== 0 || start[count] !== worker.length) {
    return "its lists of workers do not fit";
  }
  const lists: number[][] = [];
  for (let list = 0; list < count; list++) {
    const isEmpty = start[list]! >= start[list + 1]!;
    if (list > 0 && isEmpty) return "a list of workers is empty";
    lists.push([...worker.subarray(start[list]!, start[list + 1]!)]);
  }
  if (worker.some((one) => one < 0)) return "a list of workers has a negative number";
  if (codes.some((code) => code >= count)) return "a row has no list of workers";
  return { lists, codes };
}
