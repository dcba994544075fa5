/** A measurement that cannot be made or did not come off; `subject` is what was being measured. */
export class MeasureError extends Error {
  override readonly name = 'MeasureError';

  constructor(readonly subject: string, problem: string) {
    super(`${subject}: ${problem}`);
  }
}
