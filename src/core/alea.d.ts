// @types/seedrandom covers the package's main entry only, which pulls in node:crypto.
declare module "seedrandom/lib/alea.js" {
  type Alea = {
    /** 32 random bits in [0, 1). */
    (): number;
    /** 53 random bits in [0, 1). */
    double(): number;
  };
  function alea(seed: string): Alea;
  export = alea;
}
