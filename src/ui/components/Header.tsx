import { Button, Group, Text, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { texts } from '../texts.ts'

/** The product's name, and light or dark. */
export function Header() {
  const { setColorScheme } = useMantineColorScheme()
  const shown = useComputedColorScheme('light')
  const { toDark, toLight, label } = texts.colourScheme
  return (
    <header className="ward-header">
      <Group justify="space-between">
        <Text component="a" href="/" fw={600} size="lg" td="none" c="inherit">
          {texts.product}
        </Text>
        <Button
          variant="subtle"
          color="gray"
          c="dimmed"
          size="compact-sm"
          aria-label={label}
          onClick={() => setColorScheme(shown === 'light' ? 'dark' : 'light')}
        >
          {shown === 'light' ? toDark : toLight}
        </Button>
      </Group>
    </header>
  )
}
