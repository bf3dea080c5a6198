/**
 * Transcendental functions that give the same bits on every engine. `Math.exp` and its kin differ
 * between V8 builds and between engines; these are FreeBSD msun algorithms in plain arithmetic
 * (stdlib). The wrappers are the only place of the pure folders to import them, and golden bit
 * patterns in the tests show any change of a dependency.
 */
import stdlibExp from "@stdlib/math-base-special-exp";
import stdlibLn from "@stdlib/math-base-special-ln";
import stdlibPow from "@stdlib/math-base-special-pow";

/** e^x, within 1 ulp. */
export function exp(x: number): number {
  return stdlibExp(x);
}

/** Natural logarithm, within 1 ulp; NaN below 0, −Infinity at 0. */
export function ln(x: number): number {
  return stdlibLn(x);
}

/** base^exponent, within 1 ulp, with the special cases of IEEE 754 `pow`. */
export function pow(base: number, exponent: number): number {
  return stdlibPow(base, exponent);
}
