/** Puts together what a web server needs to serve Wardround to several computers: npm run host -- --help. */
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from 'vite'
import { parseSite } from '../src/app/site.ts'
import { readDeployment } from '../src/chain/deploymentFile.ts'
import { root } from './lock.mjs'
import { contentSecurityPolicy } from './vite/deployment.ts'

const usage = `npm run host -- --domain wards.example.org --relay MULTIADDR [options]

Builds the page and writes a folder: page/ is what a web server serves over https (files, deployment.json, security headers as
_headers for Netlify and Cloudflare Pages), Caddyfile serves it by itself.

  --domain NAME       where the page will be; the origin keeps keys, so choose it once
  --relay MULTIADDR   a relay behind TLS, e.g. /dns4/relay.example.org/tcp/443/wss/p2p/12D3…; repeat for a second one
  --rpc URL           the chain as browsers reach it; repeatable; default: those of the deployment file
  --deployment FILE   what npm run deploy wrote; default public/deployment.json
  --out FOLDER        default site; must be empty or absent
`

const { values } = parseArgs({
  options: {
    domain: { type: 'string' },
    relay: { type: 'string', multiple: true, default: [] },
    rpc: { type: 'string', multiple: true, default: [] },
    deployment: { type: 'string', default: 'public/deployment.json' },
    out: { type: 'string', default: 'site' },
    help: { type: 'boolean', default: false },
  },
})
if (values.help) {
  process.stdout.write(usage)
  process.exit(0)
}
const { domain, relay: relays } = values
if (domain === undefined || relays.length === 0) fail(`A domain and a relay are needed.\n\n${usage}`)
if (!/^[a-z0-9.-]+$/i.test(domain)) fail(`“${domain}” is no domain name.`)
const insecure = relays.find(address => !address.includes('/wss') && !address.includes('/tls'))
if (insecure !== undefined) fail(`${insecure} has no TLS: a page over https may not connect to it. Put it behind /wss.`)

const out = resolve(root, values.out)
const page = resolve(out, 'page')
if (existsSync(out) && readdirSync(out).length > 0) fail(`${values.out} is not empty. Name another folder with --out.`)
const deployment = await readDeployment(values.deployment)
const site = parseSite(
  { ...deployment, rpcUrls: values.rpc.length > 0 ? values.rpc : deployment.rpcUrls, relays, studies: [] },
  values.deployment,
)

await build({ root, logLevel: 'error' })
mkdirSync(page, { recursive: true })
cpSync(resolve(root, 'dist'), page, { recursive: true })
const text = JSON.stringify(site, null, 2)
writeFileSync(resolve(page, 'deployment.json'), `${text}\n`)
const headers: Readonly<Record<string, string>> = {
  'Content-Security-Policy': contentSecurityPolicy(text),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=31536000',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
}
writeFileSync(
  resolve(page, '_headers'),
  `/*\n${Object.entries(headers)
    .map(([name, value]) => `  ${name}: ${value}`)
    .join('\n')}\n/deployment.json\n  Cache-Control: no-store\n`,
)
writeFileSync(resolve(out, 'Caddyfile'), caddyfile(domain, headers))
process.stdout.write(
  `The page is in ${values.out}/page; serve it at https://${domain}. In ${values.out}/, caddy run does so.\n`,
)

/** Caddy fetches the certificate by itself; /kiosk and the others are pages of their own, and what is none is a 404. */
function caddyfile(name: string, all: Readonly<Record<string, string>>): string {
  return `${name} {
	root * page
	encode zstd gzip
	header {
${Object.entries(all)
  .map(([header, value]) => `\t\t${header} "${value}"`)
  .join('\n')}
	}
	header /deployment.json Cache-Control no-store
	header /assets/* Cache-Control "public, max-age=31536000, immutable"
	try_files {path} {path}/index.html
	file_server
}
`
}

function fail(reason: string): never {
  process.stderr.write(`${reason}\n`)
  process.exit(1)
}
