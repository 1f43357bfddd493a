import { Button, Group, Stack, Text } from '@mantine/core'
import { useConnect, useConnection, useConnectors, useDisconnect, useSwitchChain } from 'wagmi'
import type { Site } from '../../app/site.ts'
import { toAppError } from '../../chain/reverts.ts'
import { Address } from '../components/Address.tsx'
import { ErrorPanel } from '../components/ErrorPanel.tsx'
import { Panel } from '../components/Panel.tsx'
import { texts } from '../texts.ts'

/** Connects the hospital's own wallet: any that announces itself by EIP-6963. */
export function WalletPanel({ site }: { readonly site: Site }) {
  const { home } = texts
  const connection = useConnection()
  const connectors = useConnectors()
  const connect = useConnect()
  const disconnect = useDisconnect()
  const switchChain = useSwitchChain()
  const error = connect.error ?? switchChain.error

  return (
    <Panel question={home.ownWallet} answer={connection.address ? undefined : home.connect}>
      {error && <ErrorPanel error={toAppError(error, site.rpcUrls[0] ?? '').toData()} />}
      {connection.address ? (
        <Stack gap="sm">
          <Group gap="sm">
            <Text>{home.connected}</Text>
            <Address address={connection.address} />
            <Button variant="default" size="compact-sm" onClick={() => disconnect.mutate({})}>
              {home.disconnect}
            </Button>
          </Group>
          {connection.chainId !== site.chainId && (
            <Group gap="sm">
              <Text c="var(--ward-attention)">▲ {home.wrongChain(site.chainId)}</Text>
              <Button variant="default" size="compact-sm" onClick={() => switchChain.mutate({ chainId: site.chainId })}>
                {home.switchChain}
              </Button>
            </Group>
          )}
        </Stack>
      ) : connectors.length === 0 ? (
        <Text c="dimmed">{home.noWallet}</Text>
      ) : (
        <Group gap="sm">
          {connectors.map(connector => (
            <Button
              key={connector.uid}
              variant="default"
              leftSection={connector.icon && <img src={connector.icon} alt="" width={20} height={20} />}
              loading={connect.isPending && connect.variables?.connector === connector}
              onClick={() => connect.mutate({ connector, chainId: site.chainId })}
            >
              {connector.name}
            </Button>
          ))}
        </Group>
      )}
    </Panel>
  )
}
