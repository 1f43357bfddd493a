import './app/withoutEval.ts'
import '@fontsource/ibm-plex-sans/400.css'
import '@fontsource/ibm-plex-sans/600.css'
import '@fontsource/ibm-plex-mono/400.css'
import '@mantine/core/styles.css'
import './ui/global.css'
import { createRoot } from 'react-dom/client'
import { App } from './ui/App.tsx'
import { lackingFeatures } from './ui/frame/support.ts'
import { Unsupported } from './ui/frame/Unsupported.tsx'

const element = document.getElementById('root')
if (element === null) throw new Error('index.html has no element with the id root')
const root = createRoot(element)
// Storage node and training are fetched with the first hospital that is opened.
const loadHospital = () => import('./app/hospital.ts').then(({ openHospital }) => openHospital)
lackingFeatures().then(lacking => {
  // Not in strict mode: it would open every hospital twice.
  root.render(lacking.length > 0 ? <Unsupported lacking={lacking} /> : <App loadHospital={loadHospital} />)
})
