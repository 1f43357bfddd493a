import './app/withoutEval.ts'
import '@fontsource/ibm-plex-sans/400.css'
import '@fontsource/ibm-plex-sans/600.css'
import '@fontsource/ibm-plex-mono/400.css'
import '@mantine/core/styles.css'
import './ui/global.css'
import { createRoot } from 'react-dom/client'
import { App } from './ui/App.tsx'

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element with the id root')
// Storage node and training are fetched with the first hospital that is opened.
const loadHospital = () => import('./app/hospital.ts').then(({ openHospital }) => openHospital)
// Not in strict mode: it would open every hospital twice.
createRoot(root).render(<App loadHospital={loadHospital} />)
