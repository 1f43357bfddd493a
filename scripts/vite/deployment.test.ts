import { expect, it } from 'vitest'
import { contentSecurityPolicy } from './deployment.ts'

function directive(policy: string, name: string): string | undefined {
  return policy.split('; ').find(part => part.startsWith(`${name} `))
}

it('allows connections to the chain and the relays of the deployment alone', () => {
  const policy = contentSecurityPolicy(
    JSON.stringify({
      rpcUrls: ['http://127.0.0.1:8545/', 'https://rpc.example.org/v1/key'],
      relays: [
        '/ip4/127.0.0.1/tcp/4611/ws/p2p/12D3KooWA',
        '/ip4/127.0.0.1/tcp/4611/ws/p2p/12D3KooWB',
        '/dns4/relay.example.org/tcp/443/tls/ws/p2p/12D3KooWC',
        '/ip6/::1/tcp/4612/wss',
      ],
    }),
  )
  expect(directive(policy, 'connect-src')).toBe(
    "connect-src 'self' http://127.0.0.1:8545 https://rpc.example.org ws://127.0.0.1:4611 wss://relay.example.org:443 wss://[::1]:4612",
  )
})

it('never allows inline scripts or eval', () => {
  const policy = contentSecurityPolicy(undefined)
  expect(directive(policy, 'script-src')).toBe("script-src 'self' 'wasm-unsafe-eval'")
  expect(directive(policy, 'connect-src')).toBe("connect-src 'self'")
  expect(directive(policy, 'frame-ancestors')).toBe("frame-ancestors 'self'")
})
