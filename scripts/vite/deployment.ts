import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import type { Plugin } from 'vite'
import { workDir } from '../lock.mjs'

/** Where the page finds contracts, chain, relays and studies. Written by whoever deployed; never part of the build. */
export const deploymentPath = () => process.env.WARDROUND_DEPLOYMENT ?? join(workDir, 'deployment.json')

/**
 * Serves /deployment.json and, beside the built app, a Content-Security-Policy that allows connections to the
 * deployment's own chain and relays alone.
 */
export function deploymentPlugin(): Plugin {
  return {
    name: 'wardround-deployment',
    // Hot reload needs inline scripts and its own websocket: no policy there.
    configureServer: server => {
      server.middlewares.use(serveDeployment)
    },
    configurePreviewServer: server => {
      server.middlewares.use(protect)
      server.middlewares.use(serveDeployment)
    },
  }
}

function serveDeployment(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  if (request.url?.split('?')[0] !== '/deployment.json') {
    next()
    return
  }
  const text = readDeployment()
  response.statusCode = text === undefined ? 404 : 200
  response.setHeader('content-type', 'application/json')
  response.setHeader('cache-control', 'no-store')
  response.end(text ?? '{}')
}

function protect(_request: IncomingMessage, response: ServerResponse, next: () => void): void {
  response.setHeader('content-security-policy', contentSecurityPolicy(readDeployment()))
  response.setHeader('x-content-type-options', 'nosniff')
  response.setHeader('referrer-policy', 'no-referrer')
  next()
}

function readDeployment(): string | undefined {
  try {
    return readFileSync(deploymentPath(), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * The policy for the built app.
 *
 * @param deployment the text of deployment.json; without it the page may reach its own origin only
 */
export function contentSecurityPolicy(deployment: string | undefined): string {
  const { rpcUrls = [], relays = [] } = deployment === undefined ? {} : (JSON.parse(deployment) as Reachable)
  const connect = [...rpcUrls.map(url => new URL(url).origin), ...relays.map(relayOrigin)]
  return [
    "default-src 'self'",
    // Training and hashing run WebAssembly; there are no inline scripts and no eval.
    "script-src 'self' 'wasm-unsafe-eval'",
    // Mantine writes style elements and attributes.
    "style-src 'self' 'unsafe-inline'",
    // Wallets announce their icons as data.
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    `connect-src ${["'self'", ...new Set(connect)].join(' ')}`,
    "worker-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ')
}

interface Reachable {
  readonly rpcUrls?: readonly string[]
  readonly relays?: readonly string[]
}

/** /ip4/127.0.0.1/tcp/4611/ws/p2p/… → ws://127.0.0.1:4611; with /tls or /wss: wss. */
function relayOrigin(multiaddr: string): string {
  const parts = multiaddr.split('/').slice(1)
  const host = parts[1] ?? ''
  const isSecure = parts.includes('wss') || parts.includes('tls')
  return `${isSecure ? 'wss' : 'ws'}://${parts[0] === 'ip6' ? `[${host}]` : host}:${parts[parts.indexOf('tcp') + 1]}`
}
