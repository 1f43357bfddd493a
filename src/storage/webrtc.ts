import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { webRTC } from '@libp2p/webrtc'
import type { Libp2pOptions } from 'libp2p'

/**
 * Lets a node reach other tabs: the relay carries the first handshake, then blocks go from tab to tab over WebRTC. No STUN
 * or TURN servers are asked, so nobody but the relay learns of the meeting; tabs must be able to reach each other's
 * addresses. Loaded only where a study turned it on.
 * @param relays with how many relays to register, so that others find this tab through any
 */
export function withWebRtc(base: Libp2pOptions, relays: number): Libp2pOptions {
  return {
    ...base,
    // One reservation for each relay.
    addresses: { listen: [...Array.from({ length: relays }, () => '/p2p-circuit'), '/webrtc'] },
    transports: [...(base.transports ?? []), circuitRelayTransport(), webRTC({ rtcConfiguration: { iceServers: [] } })],
  }
}
