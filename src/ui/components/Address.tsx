import { Button, CopyButton, Group, Text } from '@mantine/core'
import type { Address as AddressValue } from '../../study/types.ts'
import { shortAddress } from '../format.ts'
import { texts } from '../texts.ts'

/** An address as four characters at either end, with a button that copies all of it. */
export function Address({ address }: { readonly address: AddressValue }) {
  return (
    <Group gap={4} component="span" display="inline-flex">
      <Text component="span" ff="monospace" size="sm" title={address}>
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
            {copied ? texts.copy.done : '⧉'}
          </Button>
        )}
      </CopyButton>
    </Group>
  )
}
