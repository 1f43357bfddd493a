/**
 * Node 20 has no WebSocket of its own; libp2p's dialer looks for a global one. Imported for its effect by whatever runs the
 * Helia store in Node (tests, benches), never by the page.
 */
import { WebSocket } from 'ws'

if (typeof globalThis.WebSocket === 'undefined') {
  Object.defineProperty(globalThis, 'WebSocket', { configurable: true, writable: true, value: WebSocket })
}
