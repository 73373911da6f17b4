/** Whether a stock that was enough before is low now: reported once, until it was enough again. */
export const hasRunLow = (before: number, after: number, threshold: number): boolean =>
  before > threshold && after <= threshold;
