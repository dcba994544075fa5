/**
 * As much of QEMU's monitor protocol (QMP) as a qtest client needs to start: the greeting, qmp_capabilities, and quit. Every other
 * command is answered with CommandNotFound.
 */

interface Request {
  execute?: unknown;
  id?: unknown;
}

const GREETING = { QMP: { version: { qemu: { major: 7, minor: 2, micro: 0 }, package: 'pintail' }, capabilities: [] } };

/** A conversation with a monitor's client. `quit` is called when it asks for the end. */
export function greetMonitor(send: (text: string) => void, quit: () => void): { line(text: string): void } {
  send(JSON.stringify(GREETING));
  return {
    line(text) {
      if (text.trim() === '') return;
      send(JSON.stringify(answer(text, quit)));
    },
  };
}

function answer(text: string, quit: () => void): object {
  let request: Request;
  try {
    request = JSON.parse(text) as Request;
  } catch {
    return { error: { class: 'GenericError', desc: 'JSON parse error' } };
  }
  const id = request.id === undefined ? {} : { id: request.id };
  switch (request.execute) {
    case 'qmp_capabilities':
      return { return: {}, ...id };
    case 'quit':
      setImmediate(quit);
      return { return: {}, ...id };
    default:
      return { error: { class: 'CommandNotFound', desc: `The command ${String(request.execute)} has not been found` }, ...id };
  }
}
