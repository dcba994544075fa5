/** Bytes by address, and the module of this package. */

/** What is at an address, relative to the page or to the worker's script, or an Error that says in words why not. */
export async function fetchBytes(address: string | URL): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(address);
  } catch (error) {
    throw new Error(`${(error as Error).message} (is it there, and may this page read it?)`);
  }
  if (!response.ok) throw new Error(`the server answers ${response.status} ${response.statusText}`.trimEnd());
  return new Uint8Array(await response.arrayBuffer());
}

/** The module: build/pintail.wasm, which bundlers that know this form of address bring along. */
export async function readModule(): Promise<Uint8Array> {
  const url = new URL('../../../pintail.wasm', import.meta.url);
  try {
    return await fetchBytes(url);
  } catch (error) {
    throw new Error(`${url.href} cannot be read: ${(error as Error).message}. Serve the package's pintail/pintail.wasm, and pass its address: module: new URL(...).`);
  }
}
