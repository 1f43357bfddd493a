import type { ConnectionProtector } from '@libp2p/interface'
import { AbstractMessageStream } from '@libp2p/utils'

/** Bytes that went over a node's connections, all protocols and their overhead included. */
export interface Wire {
  readonly sent: number
  readonly received: number
}

/**
 * Counts what goes over websocket connections, below the encryption. libp2p shows a connection to a "protector" before anybody
 * reads from it; this one changes nothing. Listening for messages instead would take them from those they are for: libp2p
 * keeps what arrives only as long as nobody listens.
 */
export function wireCounter(): { readonly wire: Wire; readonly protector: () => ConnectionProtector } {
  const wire = { sent: 0, received: 0 }
  return {
    wire,
    protector: () => ({
      async protect(connection) {
        if (connection instanceof AbstractMessageStream) {
          const sendData = connection.sendData.bind(connection)
          const onData = connection.onData.bind(connection)
          connection.sendData = data => {
            const result = sendData(data)
            wire.sent += result.sentBytes
            return result
          }
          connection.onData = data => {
            wire.received += data.byteLength
            onData(data)
          }
        }
        return connection
      },
    }),
  }
}
