/** What every policy says about itself; the CLI's help and the explorer's controls are made from it. */
export type PolicyMeta = {
  readonly name: string;
  readonly title: string;
  /** Where the idea comes from. */
  readonly source: string;
  readonly wins: string;
  readonly loses: string;
  readonly knobs: readonly PolicyKnob[];
};

export type PolicyKnob = {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly default: number;
};
