import { Button, Group, Stack, Text } from '@mantine/core'
import { useConnect, useConnection, useConnectors, useDisconnect, useSwitchChain } from 'wagmi'
import type { Site } from '../../app/site.ts'
import { chainOf } from '../../chain/clients.ts'
import { toAppError } from '../../chain/reverts.ts'
import { AppError } from '../../errors/AppError.ts'
import { Address } from '../components/Address.tsx'
import { ErrorPanel } from '../components/ErrorPanel.tsx'
import { Panel } from '../components/Panel.tsx'
import { texts } from '../texts.ts'
import { BrowserAccountOptions } from './BrowserAccountOptions.tsx'
import { BROWSER_CONNECTOR } from './config.ts'

interface WalletPanelProps {
  readonly site: Site
  /** Connecting is what there is to do on this page. */
  readonly isMain?: boolean
}

/** Connects the hospital's own wallet: any that announces itself by EIP-6963, or the account of this browser. */
export function WalletPanel({ site, isMain = false }: WalletPanelProps) {
  const words = texts.wallet.connect
  const connection = useConnection()
  if (connection.status === 'reconnecting') {
    return <Panel question={words.heading} answer={words.reconnecting} />
  }
  return (
    <Panel question={words.heading} answer={connection.address ? undefined : words.answer}>
      {connection.address ? <Connected site={site} /> : <Choose site={site} isMain={isMain} />}
    </Panel>
  )
}

function Connected({ site }: { readonly site: Site }) {
  const words = texts.wallet.connect
  const { address, chainId } = useConnection()
  const disconnect = useDisconnect()
  return (
    <Stack gap="sm">
      <Group gap="sm">
        <Text>{words.connected}</Text>
        {address && <Address address={address} />}
        <Button variant="default" size="compact-sm" onClick={() => disconnect.mutate({})}>
          {words.disconnect}
        </Button>
      </Group>
      {chainId !== undefined && chainId !== site.chainId && <WrongNetwork site={site} shown={chainId} />}
    </Stack>
  )
}

/** Says which network the wallet is on, and switches it; a network that the wallet does not know is added to it. */
export function WrongNetwork({ site, shown }: { readonly site: Site; readonly shown: number }) {
  const words = texts.wallet.connect
  const { name } = chainOf(site)
  const { error, isPending, mutate } = useSwitchChain()
  return (
    <Stack gap="xs">
      <Text className="ward-measure">
        <span aria-hidden="true">▲ </span>
        {words.wrongNetwork(shown, name)}
      </Text>
      <WalletError error={error} site={site} />
      <Group>
        <Button loading={isPending} onClick={() => mutate({ chainId: site.chainId })}>
          {words.switch(name)}
        </Button>
      </Group>
    </Stack>
  )
}

function Choose({ site, isMain }: Required<WalletPanelProps>) {
  const words = texts.wallet.connect
  const connectors = useConnectors()
  const { error, isPending, mutate, variables } = useConnect()
  const wallets = connectors.filter(({ id }) => id !== BROWSER_CONNECTOR)
  const own = connectors.find(({ id }) => id === BROWSER_CONNECTOR)
  return (
    <Stack gap="md">
      <WalletError error={error} site={site} />
      {wallets.length === 0 ? (
        <Text c="dimmed">{words.noWallet}</Text>
      ) : (
        <ul className="ward-wallets" aria-label={words.choose}>
          {wallets.map(connector => (
            <li key={connector.uid}>
              <Button
                variant="default"
                fullWidth
                justify="start"
                leftSection={<img src={connector.icon ?? '/mark.svg'} alt="" width={24} height={24} />}
                loading={isPending && variables?.connector === connector}
                onClick={() => mutate({ connector, chainId: site.chainId })}
              >
                {connector.name}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <div role="status">{isPending && <Text size="sm">{words.waiting}</Text>}</div>
      {own && (
        <BrowserAccountOptions
          site={site}
          isMain={isMain && wallets.length === 0}
          onReady={() => mutate({ connector: own, chainId: site.chainId })}
        />
      )}
    </Stack>
  )
}

/** A wallet's answer: declining is not an error, everything else says what to do. */
function WalletError({ error, site }: { readonly error: Error | null; readonly site: Site }) {
  if (error === null) return null
  const reason = toAppError(error, site.rpcUrls[0] ?? '').toData()
  if (reason.code === 'chain.rejected') return <Text role="status">{AppError.fromData(reason).message}</Text>
  return <ErrorPanel error={reason} />
}
