import { Duplex } from "node:stream";
import { connect } from "node:tls";

/** The first message of a TLS client that asks for a server of that name. */
export function clientHello(servername: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        resolve(chunk);
        done();
        setImmediate(() => client.destroy());
      },
    });
    const client = connect({ socket, servername });
    client.on("error", reject);
  });
}
