import type { PhaseName, ShownPhase } from '../../app/phases.ts'
import type { Notice } from '../../app/sponsorFollow.ts'
import type { ModelKind, Problem, Template, Timing, Warning } from '../../app/sponsorForm.ts'
import type { ProvingObstacle } from '../../app/sponsorProving.ts'
import type { EndReasonName } from '../../app/sponsorReport.ts'
import type { StepName } from '../../app/sponsorSteps.ts'
import { bytes, partOf } from '../format.ts'

const plural = (count: number, one: string, many: string) =>
  `${count.toLocaleString('en-GB')} ${count === 1 ? one : many}`
const hospitals = (count: number) => plural(count, 'hospital', 'hospitals')
const rounds = (count: number) => plural(count, 'round', 'rounds')

const capital = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

/** @example duration(5400) // '1 h 30 min' */
export function duration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor((seconds % 86_400) / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'min'],
    [Math.round(seconds % 60), 's'],
  ] as const
  const shown = parts.filter(([count]) => count > 0).slice(0, 2)
  return shown.length === 0 ? '0 s' : shown.map(([count, unit]) => `${count} ${unit}`).join(' ')
}

/** Creating and following studies. */
export const sponsorTexts = {
  heading: 'Which study do I want?',
  back: 'All my studies',
  list: {
    studies: 'Which studies are mine?',
    none: 'None yet. What you create stands here, with where it is.',
    loading: 'Reading the chain…',
    older: 'Look further back',
    follow: 'Follow',
    followLabel: (name: string) => `Follow ${name}`,
    unnamed: 'Study without a name',
    state: (phase: PhaseName, joined: number, completed: number, all: number) =>
      phase === 'draft'
        ? 'Created, not paid for yet.'
        : phase === 'open'
          ? `Open: ${joined === 0 ? 'no hospital has' : hospitals(joined)} joined so far.`
          : phase === 'ended'
            ? `Ended after ${completed} of ${rounds(all)}.`
            : `Running: ${completed} of ${rounds(all)} done, ${hospitals(joined)}.`,
  },

  drafts: {
    heading: 'What have I begun?',
    answer: 'Drafts stay in this browser until you sign. Nobody else sees them.',
    unnamed: 'Draft without a name',
    changed: (ago: string) => `changed ${ago}`,
    halfMade: 'Half made: some steps are left.',
    open: 'Go on',
    openLabel: (name: string) => `Go on with ${name}`,
    clone: 'Copy',
    cloneLabel: (name: string) => `Copy ${name}`,
    copyOf: (name: string) => (name === '' ? '' : `${name}, copy`.slice(0, 80)),
    remove: 'Delete',
    removeLabel: (name: string) => `Delete ${name}`,
    removed: (name: string) => `“${name}” was deleted.`,
    undo: 'Bring it back',
    gone: 'That draft is not in this browser, or it is another account’s.',
  },

  templates: {
    heading: 'What shall hospitals learn together?',
    answer: 'Start from something that works, and change what you like.',
    names: {
      heart: 'Heart disease',
      digits: 'Handwritten digits',
      csv: 'From a CSV file',
      table: 'Blank table',
    } satisfies Record<Template, string>,
    explains: {
      heart: 'Ten routine measurements, one yes/no outcome. Four demo hospitals have patients for it.',
      digits: 'Images of 28 × 28 pixels, ten classes. The paper’s own task.',
      csv: 'Reads the columns off a file of yours. The file stays here.',
      table: 'You name the columns yourself.',
    } satisfies Record<Template, string>,
    start: (name: string) => `Start from ${name}`,
  },

  saved: 'Saved in this browser',
  saving: 'Saving…',
  locked: 'You have signed for this study; what it says is fixed now.',
  problemsLeft: (count: number) => `${plural(count, 'field needs', 'fields need')} attention before you can sign.`,
  goToProblem: 'Show the first',

  about: {
    heading: 'What is it about?',
    answer: 'Hospitals read this before they join. It becomes public with the study.',
    name: 'Name',
    purpose: 'Purpose',
    purposeHint: 'One or two sentences: what is predicted, from what, and why.',
    intendedUse: 'For whom and what the model is meant, and what it is not',
    intendedUseHint: 'Goes on the model card. May stay empty.',
  },

  schema: {
    heading: 'Which columns does each hospital bring?',
    answer:
      'Every hospital needs the same ones. Names, labels, units, ranges and categories become public; values never do.',
    images: (height: number, width: number, classes: number) =>
      `Grey images of ${height} × ${width} pixels in ${classes} classes, shipped with this page.`,
    fromFile: 'Read the columns from a CSV file',
    fromFileHint:
      'The file is read in this tab and goes nowhere. Only the names of its columns and categories become public.',
    outcomeOf: (file: string) => `Which column of ${file} holds the outcome?`,
    choose: 'Choose…',
    readIt: 'Use these columns',
    readDone: (count: number) =>
      `${plural(count, 'column was', 'columns were')} read. Check names, units and ranges below.`,
    column: (index: number) => `Column ${index + 1}`,
    name: 'Name in the files',
    label: 'Label for people',
    type: 'Kind',
    types: { number: 'Number', binary: 'Yes or no', category: 'Categories' },
    unit: 'Unit',
    min: 'From',
    max: 'To',
    levels: 'Categories, separated by commas',
    remove: 'Remove',
    removeLabel: (name: string) => `Remove the column ${name}`,
    add: 'Add a column',
    up: (name: string) => `Move ${name} up`,
    outcome: 'Outcome: name in the files',
    outcomeLabel: 'Outcome: label for people',
    outcomeHint: 'Yes or no, as 0 and 1 or two words.',
  },

  model: {
    heading: 'What is learned?',
    kind: 'Model',
    kinds: {
      logistic: 'Logistic regression',
      mlp: 'Dense network',
      cnn: 'Convolutional network',
      edges: 'Fixed edge filters and one layer',
      own: 'My own file (tfjs layers model)',
    } satisfies Record<ModelKind, string>,
    explains: {
      logistic: 'One weight for each input. Robust with few patients, and easy to explain.',
      mlp: 'Finds how inputs act together. Needs more patients.',
      cnn: 'For images: sees shapes wherever they are.',
      edges:
        'For grey images with noise: the filters come from a formula, so that noise is only in the layer over them.',
      own: 'Starts from weights that you bring: model.json and its .bin file. They become public with the study. Layers that are not trainable in it stay as they are.',
    } satisfies Record<ModelKind, string>,
    hidden: (index: number) => `Units of hidden layer ${index + 1}`,
    addLayer: 'Add a layer',
    removeLayer: 'Remove the last layer',
    filters: (index: number) => `Filters of convolution ${index + 1}`,
    siteLocal: 'What stays at each hospital',
    siteLocals: {
      none: 'Nothing: everybody shares the whole model',
      bias: 'The intercept: for how common the outcome is there',
      head: 'The whole last layer',
    },
    size: (parameters: number, fixed: number) =>
      fixed === 0
        ? `${plural(parameters, 'number', 'numbers')} in all.`
        : `${plural(parameters, 'number', 'numbers')} in all: ${fixed.toLocaleString('en-GB')} fixed, as they come; ${(parameters - fixed).toLocaleString('en-GB')} learned.`,
    file: 'Choose model.json and its weights',
    fileHint: 'Both files at once. They are read in this tab.',
    fileRead: (file: string, parameters: number) => `${file}: ${parameters.toLocaleString('en-GB')} weights.`,
    fileAgain: 'Choose other files',
  },

  training: {
    heading: 'How does each hospital train?',
    answer: 'These settings worked in our measurements. Change them if you know why.',
    show: 'Show the settings',
    hide: 'Hide the settings',
    epochs: 'Passes over the patients each round',
    batchSize: 'Patients per step',
    learningRate: 'Learning rate',
    momentum: 'Momentum',
    l2: 'L2 penalty on weights',
    proximal: 'FedProx µ (0 is plain averaging)',
    standardise: 'Begin with one shared mean and deviation for every column',
    standardiseHint: 'Round zero: hospitals share sums of columns, sealed, and nothing of a single patient.',
    patientsPerWeight: 'Patients per unit of weight',
    patientsPerWeightHint: 'Larger hospitals count up to eight times. 0: all count the same.',
    seed: 'Seed',
    seedHint: 'Of the first weights and the order of patients. Public.',
  },

  masking: {
    heading: 'Who may see a hospital’s update?',
    answer: {
      committee: 'Each round’s committee of hospitals: it opens every update, tries it and scores it.',
      masked: 'Nobody. Only the weighted sum of all updates opens.',
      scored: 'Nobody. The weighted sum of all updates opens, and how far each points the way the others’ do.',
    },
    choices: {
      committee: {
        label: 'The committee',
        explains:
          'Bad updates are left out, and who helps more earns more. A committee member could try to learn about patients.',
      },
      masked: {
        label: 'Nobody: only the sum opens',
        explains:
          'Updates are masked. Nothing is scored (with noise it can be), so a bad update is not found out and all earn the same.',
      },
      scored: {
        explains:
          'Updates are masked and scored by their direction. A bad update stays in the sum and costs its hospital.',
      },
    },
    scored: 'Score what each hospital adds',
    scoredHint:
      'Who goes the way the others go earns more. That opens up to 129 numbers of each noised update; small models could be worked out from them, and the noise is what protects patients then.',
    follows: [
      'At least three hospitals and three committee seats. From four on one committee member may go missing.',
      'A shared scale, or noise, needs a range for every number.',
      'Public: how many patients a hospital has, in eight coarse steps. With noise all hospitals weigh the same.',
      'All other hospitals together could take their own updates from the sum. Noise helps against that.',
    ],
    clip: 'Largest change of a number, clip',
    clipHint: 'In a round, in units of the model. Larger ones are cut.',
    fractionBits: 'Precision, in bits',
    fractionBitsHint: 'Changes are rounded to one part in 2 to this power. At most 40.',
  },

  proving: {
    heading: 'Do hospitals prove their training?',
    off: 'No. Whoever sends something else than what its training came to can only be found out by what it does to the model.',
    on: 'Yes. Each round draws hospitals by chance; they prove that they trained on the patients they committed to, as the study says, and on nothing else.',
    switch: 'Hospitals prove their training',
    switchHint:
      'A proof shows that the rules were kept and nothing of a patient. Making one takes a hospital’s computer seconds to a minute; the chain checks it.',
    notYet: 'This study cannot be proven as it is. What has to change:',
    noLonger: 'This study cannot be proven any more. Change this, or switch proofs off:',
    obstacles: {
      images: 'Only training on tables can be proven, not on images. Start from another template.',
      model: 'Only logistic regression can be proven. Choose it above, under “What is learned?”.',
      inputs: 'At most 62 inputs can be proven, where each category counts as one. Leave columns out.',
      ranges: 'The columns’ scale must be known before any patient is. Give every number the range “From” and “To”.',
    } satisfies Record<ProvingObstacle, string>,
    follows: [
      'Hospitals train in exact whole numbers, once through fixed batches a round: no momentum, no penalties, everything is shared. Each fits the intercept to its own patients when it predicts.',
      'Before the first round each hospital commits to its patients. Nobody can tell from the commitment who they are, and nobody can exchange them later.',
      'It goes with masks and with noise.',
      'Proofs do not show that patients are real: who trains rightly on made-up patients passes.',
    ],
    hospitalsPercent: {
      label: 'Drawn in each round, in %',
      hint: 'Of the hospitals, by chance, rounded up. A round with a failure doubles it for the next.',
    },
    slashPercent: {
      label: 'A failed audit costs, in %',
      hint: 'Of the stake: no proof in time, or what draws was kept back. Paid out at the end, by the scores.',
    },
    harm: {
      label: 'Harm of a wrong model, in credits',
      hint: 'Your own estimate, the rewards aside. It is not written anywhere; only the advice below follows from it.',
    },
    steps: {
      label: 'Batches each round',
      hint: 'What a hospital has beyond them is never learned from. More take longer to prove.',
    },
    patients: (patients: number, batch: number) =>
      `In a round each hospital learns from up to ${patients.toLocaleString('en-GB')} patients, in batches of ${batch}.`,
    deterrence: {
      holds: 'With these numbers cheating does not pay: on average it costs more than it could bring.',
      pays: (caught: string, gain: string, atRisk: string, returned: string) =>
        `Cheating would pay: a hospital that sends something made up is drawn in ${caught} of the rounds. Then it loses ${atRisk}, of which ${returned} comes back to it at the end; else it may gain ${gain}.`,
      change: (ways: readonly string[]) => `To change that, one of these is enough: ${ways.join('; ')}.`,
      stake: (least: string) => `a stake of at least ${least}`,
      slash: (percent: number) => `a failed audit that costs at least ${percent} % of the stake`,
      hospitals: (percent: number) => `at least ${percent} % of the hospitals in each round`,
      nothingHelps:
        'No single change is enough: raise the stake together with what a failed audit costs or the part of the hospitals.',
    },
    training: (batch: number, rate: number) =>
      `Proofs fix most of it: batches of ${batch} patients, a learning rate of ${rate}, each batch once a round.`,
    noForecast:
      'There is no simulation for studies that are proven: it trains in ordinary arithmetic, and exact training takes other steps. Four heart hospitals reached 84 % right answers in 5 rounds without noise, and 82 % at ε = 3.',
  },

  upload: {
    heading: 'How much of an update goes up in a round?',
    answer: (keep: number) =>
      keep === 1 ? 'Everything.' : `${capital(partOf(keep))} of its numbers; the rest goes up in later rounds.`,
    label: (keep: number) => (keep === 1 ? 'Everything' : capital(partOf(keep))),
    explains: (keep: number, least: number) =>
      keep === 1
        ? 'Each round learns most. Right for small models and few rounds.'
        : `For large models on slow lines. Plan at least ${rounds(least)}.`,
    waits: 'What has not gone up yet stays at its hospital, which trains on from it, and goes up in a later round.',
    takes: (size: number, whole: number) =>
      size === whole
        ? `An upload takes about ${bytes(size)}.`
        : `An upload takes about ${bytes(size)}, where everything would take ${bytes(whole)}.`,
    cost: {
      unknown: 'What that costs in accuracy the made-up patients above can tell: try it there.',
      nothing: 'On the made-up patients above it costs no accuracy that can be told from luck.',
      points: (lost: string) => `On the made-up patients above it costs about ${lost}, beside sending everything.`,
    },
  },

  rules: {
    heading: 'Who takes part, and by which rules?',
    answer: 'The contract keeps these for everybody, you included. They cannot be changed later.',
    rounds: 'Rounds',
    minHospitals: 'Hospitals needed to start',
    maxHospitals: 'Hospitals at most',
    maxSeats: 'Committee seats each round',
    maxSeatsHint: 'Hospitals that check, score and sign. At most 7.',
    maxSeatsMasked: 'Hospitals that check, take the masks off and sign. 3 to 7; from 4 on one may be missing.',
    margin: {
      gain: {
        label: 'Least improvement, in %',
        hint: 'Of the loss, for an update to count. Negative: a little harm is forgiven, since honest updates vary.',
      },
      direction: {
        label: 'Least score, in %',
        hint: '100: the way the others go; −100: straight back. Noise alone takes honest updates of few patients to −64.',
      },
    },
    schedule: 'How rewards are shared',
    schedules: {
      byScore: 'Each round, by how much each helped',
      halfToFirst: 'At the end: half to the first, half of the rest to the next',
    },
    stake: 'Stake of each hospital, in credits',
    stakeHint: 'They get it back at the end, less what faults cost.',
    slash: 'A fault costs, in % of the stake',
    slashHint: 'A missed deadline, a harmful update, another model signed.',
    slashScored: 'A missed deadline, masks that prove false, an update against the others, another model signed.',
    slashMasked: 'A missed deadline, masks that prove false, another model signed.',
    scored:
      'A score says how far an update points the way the others’ do. Who is below the least pays and stays in the sum. One large update the wrong way can take honest ones down to −85 %.',
    evenly: 'Rewards are shared evenly by those whose updates are in the sum: nothing is scored.',
  },

  timing: {
    heading: 'How long may each step take?',
    answer: 'A step ends early when all have acted. At the deadline the study goes on without those who have not.',
    preset: 'Fill in for',
    presets: {
      demo: 'A demonstration (seconds)',
      desk: 'People at their desks (minutes)',
      real: 'Hospitals (hours)',
    } satisfies Record<Timing, string>,
    open: 'To join',
    train: 'To train and send',
    reveal: 'To open what draws',
    audit: 'To prove',
    attest: 'To check',
    score: 'To score',
    scoreMasked: 'To take the masks off, and again to check a seat',
    scoreScored: 'To take the masks off, again to compare, and to check a seat',
    aggregate: 'To average and sign',
    pause: 'Between rounds',
    unit: 'Unit',
    units: { s: 'seconds', min: 'minutes', h: 'hours', d: 'days' },
    longest: (shown: string) => `A round takes at most ${shown}.`,
  },

  cost: {
    heading: 'What does it cost me?',
    reward: 'Reward a round, in credits',
    rewardHint: 'For each hospital that takes part in it.',
    gasPot: 'Gas pot, in ETH',
    gasPotHint:
      'Pays for bringing the committee’s signatures to the chain, so that hospitals need not. What is left comes back.',
    suggested: (amount: string) => `Enough for all rounds at today’s price: about ${amount}.`,
    useSuggested: 'Take that',
    deposit: 'Deposit',
    depositSum: (reward: number, count: number, all: number) =>
      `${reward} credits × ${hospitals(count)} × ${rounds(all)}. What is not earned comes back to you.`,
    pot: 'Gas pot',
    potBack: 'What is not used comes back to you after the end.',
    fees: 'Fees of the network, about',
    feesOf: 'For your signatures; they are gone.',
    caption: 'What you pay, and what comes back',
    what: 'What',
    howMuch: 'How much',
    why: 'Why',
    youHave: (creditsHeld: string, ether: string) => `You have ${creditsHeld} and ${ether}.`,
    tooFewCredits: (short: string) =>
      `You have ${short} too few for the deposit. Lower the reward, the rounds or the number of hospitals, or ask who runs this deployment for credits.`,
    tooLittleEther: (short: string) =>
      `You have ${short} too little for gas pot and fees. Lower the pot, or top up your wallet.`,
  },

  sign: {
    heading: 'What will I sign?',
    answer: 'Each signature does one thing. You can stop after any of them and go on later, from this browser.',
    steps: {
      audits: {
        name: 'Say what is proven',
        explains:
          'Puts the rules of training on the chain, against which proofs are checked. Nothing is asked where another study did it.',
      },
      create: {
        name: 'Create the study',
        explains: 'Makes its contract, with you as sponsor. Nothing is paid but the fee.',
      },
      fund: { name: 'Pay the deposit', explains: 'Puts the deposit into the contract and opens it to hospitals.' },
      gas: { name: 'Fill the gas pot', explains: 'Puts the ETH for carrying signatures into the pot.' },
      initial: { name: 'Publish the initial weights', explains: 'No signature: this tab sends them to the relays.' },
      manifest: { name: 'Publish the description', explains: 'No signature: this tab sends it to the relays.' },
    } satisfies Record<StepName, { name: string; explains: string }>,
    state: { done: 'done', now: 'now', left: '' },
    start: 'Create the study',
    resume: 'Go on',
    working: (step: string) => `${step}…`,
    declined: 'You declined in your wallet. Nothing was lost; go on when you like.',
    noRelayYet: 'This page knows no relay, so hospitals could not fetch the description. Ask who runs this deployment.',
    problems: 'Some fields above need attention first.',
  },

  problem: (problem: Problem): string => {
    switch (problem.kind) {
      case 'missing':
        return 'Fill this in.'
      case 'whole':
        return 'A whole number, please.'
      case 'atLeast':
        return `At least ${problem.limit.toLocaleString('en-GB')}.`
      case 'atMost':
        return `At most ${problem.limit.toLocaleString('en-GB')}.`
      case 'moreThan':
        return `More than ${problem.limit}.`
      case 'lessThan':
        return `Less than ${problem.limit}.`
      case 'letters':
        return `At most ${problem.limit} letters.`
      case 'duplicate':
        return 'Another column has this name.'
      case 'rangeBackwards':
        return 'Must be above “From”.'
      case 'noColumns':
        return 'Add at least one column.'
      case 'levels':
        return 'At least two different categories.'
      case 'overflow':
        return 'Clip and precision together take more digits than a sum has room for: lower one of them.'
      case 'noModel':
        return 'Choose the files of your model.'
      case 'misfit':
        return `This does not fit: ${problem.reason}.`
    }
  },

  warnings: {
    heading: 'Worth a second look',
    cheatingPays:
      'A hospital that cheats three times loses less than all its rewards. Raise the stake or what a fault costs, or lower the reward.',
    auditsTooWeak:
      'A hospital could send something made up and win more than it risks: see what to change under “Do hospitals prove their training?”.',
    oneSeatQuorum: 'With two seats both must sign each round: one closed tab makes the round void.',
    slowFinality:
      'The masks come off only once the chain cannot take the set of hospitals back, which on public chains takes a quarter of an hour or more. Give that step half an hour at least, or every committee member misses its deadline and pays.',
    hurriedReveal:
      'On a public chain a minute or two pass before hospitals can open what draws who proves. Give that step five minutes at least, or honest hospitals miss it and pay.',
    fewColumns: 'A model of a single column learns little.',
    weakPrivacy:
      'With an ε this large the noise hardly protects anybody. Choose 5 or less, or say openly that there is no protection.',
    likelyLeak: 'The chance δ that protection fails is large: choose less than 1 in the number of patients.',
    noSpareSeat:
      'With three hospitals or seats no committee member may go missing, and none is checked: one closed tab makes the round void. From four on one may be missing.',
    vagueScores:
      'With so few hospitals and so small an ε the noise is as large as what a round learns: scores hardly tell a bad update from a good one. It takes more hospitals or a larger ε.',
    compressesNothing:
      'The model is so small that most of an upload is what seals it: to send less than everything saves nothing here.',
    fewRoundsForParts:
      'Too few rounds for such small parts: each number of an update should go up at least twice. Plan more rounds, or send more in each.',
    largeModel: 'A model this large takes long to train and to send on ordinary computers.',
  } satisfies Record<Warning, string> & { heading: string },

  follow: {
    heading: (name: string) => (name === '' ? 'How is my study doing?' : `How is “${name}” doing?`),
    now: 'What happens now?',
    notMine: 'Somebody else sponsors this study. You can look, not act.',
    stands: (phase: ShownPhase, round: number, all: number) =>
      ({
        draft: 'Created, not paid for yet.',
        open: 'Hospitals are joining.',
        select: `Round ${round} of ${all}: it begins.`,
        train: `Round ${round} of ${all}: hospitals train.`,
        reveal: `Round ${round} of ${all}: who proves its training is drawn.`,
        audit: `Round ${round} of ${all}: hospitals that were drawn prove their training.`,
        attest: `Round ${round} of ${all}: the committee checks.`,
        score: `Round ${round} of ${all}: the committee scores.`,
        unmask: `Round ${round} of ${all}: the committee takes the masks off the sum.`,
        compare: `Round ${round} of ${all}: the committee compares how the updates line up.`,
        draw: `Round ${round} of ${all}: a committee member is drawn to be checked.`,
        recover: `Round ${round} of ${all}: the committee opens what the check takes.`,
        aggregate: `Round ${round} of ${all}: the committee averages and signs.`,
        evaluate: `Round ${round} of ${all}: hospitals evaluate.`,
        settle: `Round ${round} of ${all} is settled; the next begins soon.`,
        ended: 'The study has ended.',
      })[phase],
    audits: 'Who proved its training, and check it yourself',
    roundZero: 'Round zero: hospitals agree on one standardisation.',
    deadline: (inWords: string) => `This step ends ${inWords}.`,
    deadlineOver: 'The deadline of this step has passed.',
    done: (completed: number, all: number) => `${completed} of ${rounds(all)} done`,
    end: {
      running: '',
      completed: 'All rounds were done.',
      tooFewHospitals: 'Too few hospitals were left.',
      quorumLost: 'Two rounds lost their committee.',
      stoppedBySponsor: 'You ended it early.',
    } satisfies Record<EndReasonName, string>,
    refreshed: 'Looked at the chain',

    notices: {
      heading: 'What needs me?',
      nothing: 'Nothing. You may close this page; the study goes on without you.',
      nothingEnded: 'Nothing any more.',
    },
    notice: (notice: Notice): string => {
      switch (notice.kind) {
        case 'unfunded':
          return 'The study is created and not paid for, so nobody can join. Go on with its draft in this browser.'
        case 'readyToStart':
          return notice.mayJoin > 0
            ? `${hospitals(notice.joined)} joined: enough to start. ${notice.mayJoin} more may still come before or after.`
            : `All ${hospitals(notice.joined)} have joined. You can start.`
        case 'waitingForHospitals':
          return `${notice.joined === 0 ? 'No hospital has joined yet' : `${hospitals(notice.joined)} joined`}; ${notice.needed} are needed. Invite more.`
        case 'tooFewInTime':
          return `Only ${hospitals(notice.joined)} joined in time; ${notice.needed} are needed. Until somebody moves it on, more can still join. Moving it on ends the study: stakes and your deposit go back.`
        case 'overdue':
          return `The deadline passed ${duration(notice.bySeconds)} ago and no hospital moved the study on. You can; whoever missed it forfeits part of the stake.`
        case 'voidRound':
          return `One round was void: its committee or its updates were too few${notice.isMasked ? ', or their sum made no sense' : ''}. A second void round ends the study; stakes and the unspent deposit then go back.`
        case 'suspended':
          return `${notice.names.join(', ')}: suspended by the issuers, and left out of the next round.`
        case 'stakeUsedUp':
          return `${notice.names.join(', ')}: the stake is used up by faults, and they are left out from now on.`
        case 'noRelay':
          return 'No relay answers this tab. If that is so for the hospitals, too, rounds become void. Ask who runs the relays.'
        case 'potEmpty':
          return 'The gas pot is empty: hospitals pay their own fees until you top it up.'
        case 'potLow':
          return `The gas pot lasts for about ${rounds(notice.rounds)} more at today’s price. Top it up.`
        case 'refund':
          return 'Your unspent deposit waits for you.'
        case 'potLeft':
          return 'The gas pot still holds something of yours.'
      }
    },
    act: {
      start: 'Start the study',
      startAnyway: (joined: number) => `Start with ${hospitals(joined)}`,
      advance: 'Move it on',
      stop: 'End it early…',
      topUp: 'Top up',
      topUpAmount: 'ETH to add to the gas pot',
      withdraw: 'Get the unspent back',
      gotBack: (creditsBack: string, ether: string | null) =>
        ether === null ? `${creditsBack} came back to you.` : `${creditsBack} and ${ether} came back to you.`,
      continueDraft: 'Go on with its draft',
      invite: 'Invite a hospital',
      clone: 'Copy as a new draft',
      cloning: 'Fetching its description from the relays…',
    },

    stop: {
      heading: 'End this study early?',
      running: 'The round that runs now is void. Nothing of it counts.',
      stakes: 'Every hospital gets its stake back, less what faults have cost.',
      earned: 'What hospitals have earned in finished rounds stays theirs.',
      unspent: (amount: string) =>
        `The unspent deposit, ${amount}, comes back to you, and so does what is left in the gas pot.`,
      models: 'Models that were signed stay with the hospitals.',
      final: 'It cannot be taken back.',
      yes: 'End the study',
      no: 'Keep it going',
    },

    who: {
      heading: 'Who takes part?',
      none: 'No hospital has joined yet.',
      caption: 'Hospitals of this study',
      hospital: 'Hospital',
      stake: 'Stake left',
      earned: 'To withdraw',
      forfeited: 'Forfeited',
      standing: 'Standing',
      standingOf: (reputation: number, faults: number) =>
        `${(reputation / 100).toFixed(0)} of 100${faults > 0 ? `, ${plural(faults, 'fault', 'faults')}` : ''}`,
      standingHint: 'Over all studies here; 50 before the first round.',
      suspended: 'suspended',
      remove: 'Take out',
      removeLabel: (name: string) => `Take ${name} out`,
      removeQuestion: (name: string) => `Take ${name} out of the study?`,
      removeExplains: 'It takes no part and cannot join this study again. It gets its whole stake back.',
      removeYes: 'Take it out',
      removeNo: 'Leave it in',
      link: 'Link for a hospital that is admitted already',
      copy: 'Copy the link',
      copied: 'Copied',
      mail: 'Write an e-mail',
      mailSubject: (name: string) => `Invitation to the study “${name}”`,
      mailBody: (name: string, link: string) =>
        `Your hospital is invited to the study “${name}”.\n\nOpen this link in the browser of the computer that holds your patients’ file:\n${link}\n\nYour patients’ data stays on that computer.`,
      inviteHint: 'A hospital that is not admitted yet needs an invitation by the issuers:',
    },

    rounds: {
      heading: 'How far are we?',
      none: 'No round is finished yet.',
      caption: 'Finished rounds',
      round: 'Round',
      zero: '0 (standardisation)',
      gain: 'Gain',
      gainHint: 'Gain over the round before: mean of the committee’s medians, in % of the loss.',
      score: 'Score',
      scoreHint: 'Mean of the scores: how far each update points the way the others’ do; 100 % is the same way.',
      scoreChart: (first: string, last: string) =>
        `The mean score went from ${first} in the first round to ${last} in the last.`,
      notScored: 'Not scored: nobody sees single updates.',
      signatures: 'Signatures',
      when: 'When',
      model: 'Model',
      recommended: 'recommended',
      rollback: 'Recommend this',
      rollbackLabel: (round: number) => `Recommend the model of round ${round}`,
      rollbackHeading: (round: number) => `Recommend the model of round ${round}?`,
      rollbackExplains:
        'Hospitals are shown this version for use. Training goes on from the newest model all the same.',
      reason: 'Why',
      reasonMissing: 'Hospitals read this: say why.',
      rollbackNo: 'Leave it as it is',
      chart: (first: string, last: string) =>
        `The committee’s gain went from ${first} in the first round to ${last} in the last.`,
      gainAxis: 'Gain in %',
      scoreAxis: 'Score in %',
    },

    money: {
      heading: 'Where is the money?',
      unspent: 'Deposit not earned yet',
      unspentHint: 'Comes back to you at the end, with forfeits that nobody earned.',
      owed: 'Earned by hospitals, not withdrawn',
      stakes: 'Stakes of hospitals',
      refund: 'Yours to take out now',
      pot: 'Gas pot',
      potHint: 'Pays back those who bring signatures to the chain.',
      caption: 'What the study holds',
    },

    report: {
      heading: 'What is the final report?',
      answer: 'Put together from the chain’s own events: anybody can check it.',
      make: 'Make the report',
      making: 'Reading the chain’s events…',
      soFar: 'The study still runs: this is how it stands so far.',
      print: 'Print',
      json: 'Download as JSON',
      file: (study: string) => `wardround-report-${study.slice(0, 8)}.json`,
      summary: (end: string, completed: number, planned: number) =>
        `${end} ${completed} of ${rounds(planned)} gave a model.`,
      rows: {
        study: 'Study',
        sponsor: 'Sponsor',
        manifest: 'Description',
        deposit: 'Deposit',
        paidOut: 'Earned by hospitals',
        returned: 'Back to the sponsor',
        transactions: 'Transactions of the study',
        gas: (count: number, gas: number, ether: string) =>
          `${count.toLocaleString('en-GB')} with ${gas.toLocaleString('en-GB')} gas together, ${ether}`,
      },
      roundsCaption: 'Rounds',
      columns: {
        round: 'Round',
        took: 'Took part',
        survived: 'In the model',
        gain: 'Gain or score',
        rewards: 'Rewards',
        forfeits: 'Forfeits',
        model: 'Model’s CID',
      },
      outcome: { model: '', void: 'void', open: 'running' },
      participantsCaption: 'Hospitals',
      participants: {
        hospital: 'Hospital',
        updates: 'Updates',
        rewards: 'Rewards',
        forfeited: 'Forfeited',
        faults: 'Faults',
        gas: 'Gas paid',
        left: 'Left',
      },
      fault: (round: number, reason: string) => `round ${round}: ${reason}`,
      rollbacks: (from: number, to: number, reason: string) =>
        `Version ${to} was recommended in place of ${from}: ${reason}`,
    },
  },
} as const
