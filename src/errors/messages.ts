/**
 * Every sentence that a person may read when something goes wrong: what happened, and what to do.
 * {blanks} are filled from the error's details.
 */
export const messages = {
  'data.empty': '{file} has no patients in it. Choose a file with a header line and at least one row.',
  'data.noHeader': '{file} has no header line. The first line must name the columns.',
  'data.noLabel': '{file} has no column “{label}”. Its columns are: {columns}. Name one of them with the label.',
  'data.columnsDiffer':
    '{file} does not have the columns of this study. Missing: {missing}. Unknown: {unknown}. Every hospital needs the same columns.',
  'data.badCell':
    '{file}, row {row}, column “{column}”: “{value}” is not {expected}. Correct the cell or remove the row, then load the file again.',
  'data.badCells':
    '{file} has {count} cells that cannot be used: {cells}. Correct them or remove their rows, then load the file again.',
  'data.textColumn':
    '{file}, column “{column}” holds free text (“{value}” and {levels} different values in all). Remove the column, or turn it into a number or at most {most} categories.',
  'data.badLabel':
    '{file}, row {row}: “{value}” in “{column}” is neither yes nor no. Use 0 and 1 (or two words) for the outcome.',
  'data.oneClass': '{file} has only one outcome in “{column}”. A model needs patients with and without it.',
  'data.tooFew': '{file} has {rows} complete rows. At least {needed} are needed to train and to check.',
  'data.badInput': '“{value}” in “{column}” is not {expected}. Correct it, or leave it empty where it is not known.',
  'data.mappedTwice':
    '“{column}” of {file} cannot be both “{first}” and “{second}”. Choose another column of the file for one of them.',
  'data.unreadable': '{file} cannot be read: {reason}.',
  'crypto.wrongBinding': 'A blob of another study, round or sender was refused ({what}).',
  'crypto.cannotOpen': 'A sealed blob could not be opened: it was changed on the way, or sealed for somebody else.',
  'crypto.badSignature': 'A signature does not belong to {hospital}. The blob was refused.',
  'crypto.badCommitment': 'An update does not match the commitment on the chain. It was refused.',
  'crypto.noKeys': 'The keys of this hospital for this study are not on this computer. Join the study again from here.',
  'storage.notFound': 'A blob could not be fetched from any relay or hospital in time. It will be tried again.',
  'storage.tampered': 'A block does not match its name. It was refused.',
  'storage.quota': 'This browser has no room left for the study ({needed} MB needed). Free some space, then reload.',
  'storage.noRelay': 'No relay can be reached. Your work is kept here and goes out as soon as one answers.',
  'storage.refused': 'The relay refused the upload: {reason}.',
  'storage.notCarried': 'No relay carried this for you: {reason}. Your own wallet can send it.',
  'storage.malformed': 'A blob is not in the form that this study uses ({reason}). It was refused.',
  'storage.tooLarge': 'A blob of {size} MB is larger than the {limit} MB that relays carry. Choose a smaller model.',
  'storage.badRelay': '“{address}” is not the address of a relay. It must end in /p2p/ and the id of the relay.',
  'storage.closed': 'The storage of this hospital was closed. Reload the page to go on.',
  'training.noBackend': 'This browser can run none of the ways to train here: {tried}.',
  'training.diverged': 'Training produced numbers that are not finite. Nothing was shared. Lower the learning rate.',
  'training.cancelled': 'Training was stopped. Nothing was shared.',
  'training.noModel': 'The model that round {round} starts from has not been fetched yet. It will be tried again.',
  'training.noData': 'No patients are loaded. Choose the data first.',
  'training.badInitial': 'The sponsor’s initial model does not fit this study: {reason}. Nobody can train from it.',
  'model.unreadable':
    '{file} cannot be used as a model here: {reason}. Save it from TensorFlow.js as a layers model (model.json and its weights).',
  'study.badManifest': 'The description of this study cannot be read: {reason}.',
  'aggregation.badUpdate': 'An update has the wrong size or holds numbers that are not finite. It was left out.',
  'aggregation.notOpened':
    'The update of {hospital} survived but could not be opened here, so this seat cannot compute the model. The other seats go on.',
  'aggregation.empty': 'No update is left to average. The round is void.',
  'masking.overflow':
    'Sums of {hospitals} hospitals’ updates up to {clip} in {bits} binary digits could overflow. Allow fewer hospitals, a smaller clip or fewer digits.',
  'masking.badSubmission':
    'What {hospital} submitted is not what it committed to ({what}). It is left out of this round; the others go on.',
  'masking.badShare':
    'Seat {seat} opened a backup that is not the one it was given. The backups of other seats are used.',
  'masking.tooFewShares':
    'Only {shares} of the {needed} backups needed to stand in for a missing seat are here. The round waits for the others, or is void.',
  'masking.missingSeat':
    'Seat {seat} has not given its part of the sum. The sum opens when it does, or when its backups stand in.',
  'masking.outOfRange':
    'The sum of this round is larger than honest updates can make it. Seats are checked one by one; the model stays as it was.',
  'masking.tooManyOpened':
    'Too many seats are missing or opened: with one more, the updates of this round would no longer be hidden. It cannot be opened.',
  'masking.notFinal':
    'What this round adds up is not final yet, or two nodes of the chain do not agree about it. Nothing is opened until they do.',
  'masking.openedBefore':
    'This round has been opened already, or was declared void. It is never opened a second time; the study goes on with the next.',
  'masking.noOpenings':
    'This study does not add noise to updates, so nothing about a single hospital may be opened, scores included.',
  'privacy.noNoiseSuffices':
    'No amount of noise keeps this study within ε = {epsilon}: what else is paid out of it takes all of it. Allow a larger ε, or leave something out.',
  'privacy.budgetSpent':
    'The privacy budget for these patients does not cover this step: {spent} of ε = {budget} is spent, and with it {after} would be. Nothing was computed or shared, so the patients stay as protected as they were promised. The study goes on without this hospital. Ask the sponsor for a study that costs less, or take part with other patients; only whoever answers for these patients’ data can decide on a larger budget.',
  'privacy.chargedDifferently':
    'Round {round} was already paid for with other settings of its noise. Nothing was computed or shared; the study goes on without this hospital in this round.',
  'privacy.ledgerBehind':
    'The privacy ledger on this computer shows less than the chain knows to be spent ({local} of ε = {mirrored}). It may be an old copy. Nothing is shared until the newer one is back; bring it from the computer or the backup that has it.',
  'privacy.unknownStudy':
    'This hospital took part in the study {study}, whose description no relay has any more: what that cost its patients’ privacy cannot be told. Nothing is shared until it can. Ask that study’s sponsor to put the description back, or go on where the ledger is complete.',
  'privacy.badLedger':
    'The privacy ledger cannot be used: {reason}. Nothing is shared without it; bring it back from a backup.',
  'chain.unreachable': 'The chain does not answer at {url}. Check the connection; the study goes on when it does.',
  'chain.oneNode':
    'This study opens sums of masked updates, and that takes two nodes of the chain that agree. This page knows one. Ask who runs the page to name a second.',
  'chain.wrongChain':
    'The wallet is on chain {actual}; this study lives on chain {expected}. Switch the network in the wallet.',
  'chain.rejected': 'You declined in your wallet. Nothing was sent; you can try again.',
  'chain.reverted': 'The contract refused: {reason}',
  'chain.accountAway':
    'Your wallet shows another account or network than this page was opened with. Nothing was signed; switch back, then try again.',
  'chain.walletBusy':
    'Your wallet already shows a request that is not answered yet. Open the wallet, answer it, then try again.',
  'chain.walletFailed':
    'Your wallet or the chain’s node could not do it ({reason}). The contracts refused nothing; look at your wallet, then try again.',
  'chain.noDeployment':
    'This site is not set up yet: it does not say where its contracts are ({url}). Tell whoever runs it; if that is you, deploy the contracts first.',
  'chain.noVerifier':
    'No contract of this site checks proofs of this kind. Whoever runs the site has to deploy one before such a study can begin.',
  'chain.incomplete':
    'The chain’s node does not show yet all that hospitals answered when they proved this round. It is asked again.',
  'chain.insufficientFunds': 'The wallet has not enough gas money for this transaction.',
  'chain.transactionLost': 'A transaction was dropped by the chain. It is sent again.',
  'wallet.weakPassword':
    'The password is too short. Take at least {least} characters; whoever has both can act as you.',
  'wallet.wrongPassword': 'The password does not open this backup. Nothing was changed; try again.',
  'wallet.badBackup': 'This file is not a backup of a browser account: {reason}.',
  'wallet.noAccount': 'This browser has no account of its own yet.',
  'wallet.accountExists':
    'This browser already has the account {address}. Make a backup of it and remove it before you bring back another.',
  'app.mainNetwork':
    'This network’s accounts hold real money; a key made in a page is no place for that. Use a wallet of your own.',
  'journal.failed': 'The journal in this browser cannot be written: {reason}. Nothing was sent.',
  'proving.lost':
    'What this hospital’s proofs are made from is not here any more: this browser’s data was cleared since, or other patients are loaded. Nothing is trained or proven. Load the same patients again if that is it; else this hospital pays, where it is drawn, as one that does not answer.',
  'proving.noiseUsed':
    'The noise of this contribution hid another update before, which the study did not take, and no noise hides two. Nothing was sent, so the patients stay as protected as they were promised; the study goes on without this hospital.',
  'proving.spent':
    'This hospital was asked for more proofs than its patients stay hidden in, which happens where the node that it reads the chain from is not to be trusted. No other proof is made, and nothing was sent; ask whoever runs this site for another node.',
  'journal.lost':
    '{what} is no longer in this browser, whose data was cleared since, and nothing can replace it. For this round the hospital pays as one that does not answer.',
  'app.secondTab': 'This hospital is already open in another tab of this browser. Use that one, or close it first.',
  'app.bug': 'Something happened here that should not: {reason}. Reload the page: the study goes on from where it was.',
  'app.noSuchStudy': 'This page knows no study {study}. Go back to the list and choose one.',
  'app.noSuchHospital':
    'This study has no demo hospital {hospital}. Choose one from 1 to {count}, or bring your own wallet.',
  'app.badInvitation': 'This invitation cannot be read: {reason}. Ask for the whole link again.',
  'app.notLoaded': 'The rest of this page could not be fetched. Check the connection, then reload.',
  'app.unsupported': 'This browser lacks {what}. Use a current Chrome, Edge, Firefox or Safari.',
  'kiosk.tooLong': 'The study took longer than {seconds} seconds. The wall clears it away and begins another.',
} as const

export type ErrorCode = keyof typeof messages
