// One row on one machine: warm-up, then the measured rounds. What is measured is CPU time of the machine's whole process with all its threads
// over work that is stated; other load on the host disturbs that little.

/** A round's work is doubled until one costs this much, in s of CPU: that round, and those before, are the warm-up. */
const ROUND_SECONDS = { full: 0.5, quick: 0.15 };
/** At most this many doublings: a row whose work costs nothing never gets there. */
const MOST_DOUBLINGS = 40;

export class Row {
  constructor(name, machine, quick) {
    this.name = name;
    this.machine = machine;
    this.seconds = ROUND_SECONDS[quick ? "quick" : "full"];
    this.rounds = [];
  }

  /** CPU s for `n` units. */
  async #cost(n) {
    const before = this.machine.cpuSeconds();
    this.sum = await this.machine.row(this.name, n);
    return this.machine.cpuSeconds() - before;
  }

  /** Finds how much work a round is. What a unit costs on the way is `first`; the checksum of one unit is `check`. */
  async warmUp() {
    let all = await this.#cost(1), done = 1, last = all, n = 1;
    this.check = this.sum;
    for (let k = 0; last < this.seconds && k < MOST_DOUBLINGS; k++) {
      n *= last < this.seconds / 16 ? 8 : 2;
      last = await this.#cost(n);
      all += last;
      done += n;
    }
    this.first = all / done;
    this.units = n;
    await this.#cost(n);
  }

  /** Takes one round into the count. */
  async measure() {
    this.rounds.push((await this.#cost(this.units)) / this.units);
  }
}

const sorted = (values) => [...values].sort((a, b) => a - b);
export const median = (values) => sorted(values)[values.length >> 1];

/** ns a unit: the median round, the cheapest and the dearest, and the mean of the warm-up. */
export function summary({ rounds, units, first, check }) {
  const ns = (seconds) => seconds * 1e9, all = sorted(rounds);
  return { ns: ns(median(all)), least: ns(all[0]), most: ns(all.at(-1)), warmUp: ns(first), units, check };
}
