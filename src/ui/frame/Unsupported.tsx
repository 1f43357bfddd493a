import { List, MantineProvider, Stack, Text, Title } from '@mantine/core'
import { texts } from '../texts.ts'
import { colourVariables, theme } from '../theme.ts'
import type { Feature } from './support.ts'

/** In place of the app where the browser lacks what it needs: what, why, and what to do. */
export function Unsupported({ lacking }: { readonly lacking: readonly Feature[] }) {
  const { unsupported } = texts.frame
  return (
    <MantineProvider theme={theme} cssVariablesResolver={colourVariables} defaultColorScheme="auto">
      <main className="ward-page">
        <section className="ward-panel" aria-labelledby="unsupported" data-testid="unsupported">
          <Stack gap="md">
            <Text fw={600} size="lg">
              {texts.product}
            </Text>
            <Title order={1} id="unsupported">
              {unsupported.heading}
            </Title>
            <Text>{unsupported.answer}</Text>
            <List spacing="xs">
              {lacking.map(feature => (
                <List.Item key={feature}>{unsupported.features[feature]}</List.Item>
              ))}
            </List>
            <Text className="ward-measure">{unsupported.whatToDo}</Text>
          </Stack>
        </section>
      </main>
    </MantineProvider>
  )
}
