import { Button, type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'

/** The one living colour: the action on a page, my own data. Shade 7 on light paper, shade 3 in the dark. */
const ward: MantineColorsTuple = [
  '#e6f6f3',
  '#cdece6',
  '#9ddacd',
  '#4fc3ae',
  '#33ae98',
  '#1f9581',
  '#118070',
  '#0a6b5d',
  '#07564b',
  '#04423a',
]

/** The dark scheme's greys, from ink to paper: Mantine's own are brown beside this paper. */
const dark: MantineColorsTuple = [
  '#e8ecee',
  '#c3ccd2',
  '#9aa7b1',
  '#8694a0',
  '#3a4751',
  '#2a353e',
  '#1f2a33',
  '#172028',
  '#121a20',
  '#0f161b',
]

export const theme = createTheme({
  colors: { ward, dark },
  primaryColor: 'ward',
  primaryShade: { light: 7, dark: 3 },
  autoContrast: true,
  fontFamily: "'IBM Plex Sans', sans-serif",
  fontFamilyMonospace: "'IBM Plex Mono', monospace",
  fontSizes: { xs: '14px', sm: '14px', md: '16px', lg: '20px', xl: '28px' },
  lineHeights: { xs: '1.5', sm: '1.5', md: '1.5', lg: '1.5', xl: '1.3' },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '28px', lineHeight: '1.3' },
      h2: { fontSize: '20px', lineHeight: '1.4' },
      h3: { fontSize: '16px', lineHeight: '1.5' },
    },
  },
  spacing: { xs: '8px', sm: '8px', md: '16px', lg: '24px', xl: '40px' },
  defaultRadius: '6px',
  respectReducedMotion: true,
  components: {
    Button: Button.extend({
      // Mantine would put white on the dark scheme's light green, too.
      vars: (_theme, { variant = 'filled' }) => ({
        root: variant === 'filled' ? { '--button-color': 'var(--ward-on-live)' } : {},
      }),
    }),
  },
})

const light = {
  '--mantine-color-body': '#fbfaf6',
  '--mantine-color-text': '#16212b',
  '--mantine-color-dimmed': '#55626e',
  '--mantine-color-default-border': '#dddcd3',
  '--mantine-color-anchor': '#0a6b5d',
  '--mantine-color-ward-outline': '#0a6b5d',
  '--mantine-color-ward-light-color': '#0a6b5d',
  '--mantine-color-default': '#ffffff',
  '--mantine-color-default-hover': '#f3f1ea',
  '--ward-panel': '#ffffff',
  '--ward-live': '#0a6b5d',
  '--ward-on-live': '#ffffff',
  '--ward-attention': '#9a5b00',
  '--ward-danger': '#a8281e',
  // Mantine's own is too pale to be read on paper.
  '--mantine-color-error': 'var(--ward-danger)',
}

const darkPaper: typeof light = {
  '--mantine-color-body': '#0f161b',
  '--mantine-color-text': '#e8ecee',
  '--mantine-color-dimmed': '#9aa7b1',
  '--mantine-color-default-border': '#2a353e',
  '--mantine-color-anchor': '#4fc3ae',
  // Mantine's own are nearly white.
  '--mantine-color-ward-outline': '#4fc3ae',
  '--mantine-color-ward-light-color': '#4fc3ae',
  '--mantine-color-default': '#172028',
  '--mantine-color-default-hover': '#22303a',
  '--ward-panel': '#172028',
  '--ward-live': '#4fc3ae',
  '--ward-on-live': '#0f161b',
  '--ward-attention': '#f0b45a',
  '--ward-danger': '#f28b82',
  '--mantine-color-error': 'var(--ward-danger)',
}

/** Paper and ink, which Mantine's own scales do not have. */
export const colourVariables: CSSVariablesResolver = () => ({ variables: {}, light, dark: darkPaper })

/** For the tests of contrast. */
export const palettes = { light, dark: darkPaper }
