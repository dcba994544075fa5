/**
 * As much of QEMU's monitor protocol (QMP) as its test library needs: the greeting, qmp_capabilities, what machine and devices there
 * are, system_reset with its event, and quit. Every other command is answered with CommandNotFound.
 */

interface Request {
  execute?: unknown;
  id?: unknown;
}

/** What a monitor's client can do to the machine, and ask about it. */
export interface Monitored {
  /** Models that -device takes. */
  models: readonly string[];
  reset(): void;
  quit(): void;
}

const GREETING = { QMP: { version: { qemu: { major: 7, minor: 2, micro: 0 }, package: 'pintail' }, capabilities: [] } };
const MACHINES = [{ name: 'q35', 'cpu-max': 1, 'hotpluggable-cpus': false, 'numa-mem-supported': false, deprecated: false }];

/** A conversation with a monitor's client. */
export function greetMonitor(send: (text: string) => void, machine: Monitored): { line(text: string): void } {
  send(JSON.stringify(GREETING));
  return {
    line(text) {
      if (text.trim() === '') return;
      for (const message of answer(text, machine)) send(JSON.stringify(message));
    },
  };
}

function resetEvent(): object {
  const us = Date.now() * 1000;
  return { event: 'RESET', data: { guest: false, reason: 'host-qmp-system-reset' }, timestamp: { seconds: Math.floor(us / 1e6), microseconds: us % 1e6 } };
}

/** The answer, and events that follow. */
function answer(text: string, machine: Monitored): object[] {
  let request: Request;
  try {
    request = JSON.parse(text) as Request;
  } catch {
    return [{ error: { class: 'GenericError', desc: 'JSON parse error' } }];
  }
  const id = request.id === undefined ? {} : { id: request.id };
  switch (request.execute) {
    case 'qmp_capabilities':
      return [{ return: {}, ...id }];
    case 'query-machines':
      return [{ return: MACHINES, ...id }];
    case 'qom-list-types':
      return [{ return: machine.models.map((name) => ({ name })), ...id }];
    case 'system_reset':
      machine.reset();
      return [{ return: {}, ...id }, resetEvent()];
    case 'quit':
      setImmediate(() => machine.quit());
      return [{ return: {}, ...id }];
    default:
      return [{ error: { class: 'CommandNotFound', desc: `The command ${String(request.execute)} has not been found` }, ...id }];
  }
}
