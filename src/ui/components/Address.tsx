import { Button, CopyButton, Group, Text } from '@mantine/core'
import type { Address as AddressValue } from '../../study/types.ts'
import { shortAddress } from '../format.ts'
import { texts } from '../texts.ts'

/** An address as four characters at either end, with a button that copies all of it. */
export function Address({ address }: { readonly address: AddressValue }) {
  return (
    <Group gap={4} component="span" display="inline-flex" wrap="nowrap">
      <Text component="span" ff="monospace" size="sm" title={address} className="ward-address">
        {shortAddress(address)}
      </Text>
      <CopyButton value={address}>
        {({ copied, copy }) => (
          <Button
            size="compact-xs"
            variant="subtle"
            color="gray"
            c="dimmed"
            onClick={copy}
            aria-label={texts.copy.label}
          >
            {copied ? texts.copy.done : <CopyIcon />}
          </Button>
        )}
      </CopyButton>
    </Group>
  )
}

function CopyIcon() {
  return (
    <svg width={14} height={14} viewBox="0 0 14 14" fill="none" stroke="currentColor" aria-hidden="true">
      <rect x={4.5} y={4.5} width={8} height={8} rx={1} />
      <path d="M2.5 9.5h-1v-8h8v1" />
    </svg>
  )
}
