// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import { StudyFactory } from "../src/StudyFactory.sol";
import { AuditRules, IStudy, Mode, Rules } from "../src/interfaces/IStudy.sol";
import { IStudyFactory } from "../src/interfaces/IStudyFactory.sol";
import { Auditing } from "../src/libraries/Auditing.sol";
import { Masked } from "../src/libraries/Masked.sol";
import { Reads } from "../src/libraries/Reads.sol";
import { Scoring } from "../src/libraries/Scoring.sol";
import { Selection } from "../src/libraries/Selection.sol";
import { Settlement } from "../src/libraries/Settlement.sol";
import { Signing } from "../src/libraries/Signing.sol";
import { ProvenFixture } from "./base/ProvenFixture.sol";
import { vm } from "./base/Vm.sol";

/// StudyFactory.tree
contract StudyFactoryTest is ProvenFixture {
    function test_AStudyKnowsItsSponsorAndRules() public view {
        vm.assertEq(study.sponsor(), sponsor);
        vm.assertEq(keccak256(abi.encode(study.rules())), keccak256(abi.encode(rules)));
        vm.assertTrue(factory.isStudy(address(study)));
        vm.assertEq(factory.studies().length, 1);
        vm.assertEq(factory.studies()[0], address(study));
    }

    function test_OthersAreNoStudies() public view {
        vm.assertFalse(factory.isStudy(stranger));
        vm.assertFalse(factory.isStudy(address(factory.implementation())));
    }

    function test_DeploymentsAreToldApart() public {
        vm.assertEq(factory.deploymentId(), keccak256(abi.encode(keccak256("genesis"), registry)));
        StudyFactory other = new StudyFactory(credits, registry, keccak256("another genesis"));
        vm.assertTrue(other.deploymentId() != factory.deploymentId());
        vm.assertTrue(other.implementation().domainSeparator() != factory.implementation().domainSeparator());
    }

    function test_RulesOutOfRangeAreRefused() public {
        Rules memory good = rules;
        rules.rounds = 0;
        expectBadRules("rounds");
        rules.rounds = 1001;
        expectBadRules("rounds");
        rules = good;
        rules.minHospitals = 1;
        expectBadRules("minHospitals");
        rules = good;
        rules.maxHospitals = 1;
        expectBadRules("maxHospitals");
        rules.maxHospitals = 65;
        expectBadRules("maxHospitals");
        rules = good;
        rules.maxSeats = 1;
        expectBadRules("maxSeats");
        rules.maxSeats = 8;
        expectBadRules("maxSeats");
        rules = good;
        rules.topK = 0;
        expectBadRules("topK");
        rules.topK = 33;
        expectBadRules("topK");
        rules = good;
        rules.slashBps = 10_001;
        expectBadRules("slashBps");
        rules = good;
        rules.stake = (1 << 88) + 1;
        expectBadRules("stake");
        rules = good;
        rules.aggregateSeconds = 0;
        expectBadRules("seconds");
    }

    function test_RulesOfMaskingAreForMaskedStudiesAlone() public {
        rules.clip = 1;
        expectBadRules("clip");
        rules.clip = 0;
        rules.fractionBits = 1;
        expectBadRules("fractionBits");
        rules.fractionBits = 0;
        rules.scored = true;
        expectBadRules("scored");
        rules = scoredRules();
        vm.assertTrue(createStudy().rules().scored);
    }

    function test_MaskedRulesThatHideNothingAreRefused() public {
        rules = maskedRules();
        rules.minHospitals = 2;
        expectBadRules("minHospitals");
        rules = maskedRules();
        rules.maxSeats = 2;
        expectBadRules("maxSeats");
        rules = maskedRules();
        rules.clip = 0;
        expectBadRules("clip");
        rules = maskedRules();
        rules.fractionBits = 0;
        rules.clip = (1 << 20) + 1;
        expectBadRules("clip");
        rules.clip = 1 << 20;
        vm.assertTrue(createStudy().rules().mode == Mode.Masked);
        rules.clip = 1;
        rules.fractionBits = 41;
        expectBadRules("fractionBits");
        rules.fractionBits = 40;
        vm.assertEq(createStudy().rules().fractionBits, 40);
    }

    /// Half of p = 2^64 - 2^32 + 1 is for sums above zero, half for those below. The largest sum that rules can allow, and the next.
    function test_ASumOfMaskedUpdatesCannotLeaveTheField() public {
        uint256 half = 0x7fffffff80000000;
        rules = maskedRules();
        rules.maxHospitals = 17;
        rules.fractionBits = 36;
        rules.clip = 986_895;
        vm.assertLe(uint256(17 * 8 * 986_895) << 36, half);
        createStudy();
        rules.clip = 986_896;
        vm.assertGt(uint256(17 * 8 * 986_896) << 36, half, "past it");
        expectBadRules("clip");
        rules.clip = 986_895;
        rules.maxHospitals = 18;
        expectBadRules("clip");
    }

    function test_AProvenStudyKnowsItsRules() public {
        found(defaultRules(), 4);
        vm.recordLogs();
        study = createProvenStudy();
        vm.assertEq(keccak256(abi.encode(study.rules())), keccak256(abi.encode(rules)));
        vm.assertEq(keccak256(abi.encode(study.auditRules())), keccak256(abi.encode(audits)));
        vm.assertTrue(study.snapshot().proven);
        vm.assertTrue(factory.isStudy(address(study)));
        vm.assertEq(vm.getRecordedLogs()[0].data, abi.encode(keccak256(abi.encode(rules, audits))));
        expectError(IStudy.Study_NotSponsor.selector, sponsor);
        vm.prank(sponsor);
        study.requireProofs(audits);
    }

    function test_AuditRulesOutOfRangeAreRefused() public {
        found(defaultRules(), 4);
        AuditRules memory good = audits;
        audits.verifier = stranger;
        expectBadAudits("verifier");
        audits = good;
        audits.key = stranger;
        expectBadAudits("key");
        audits = good;
        audits.hospitalsBps = 0;
        expectBadAudits("hospitalsBps");
        audits.hospitalsBps = 10_001;
        expectBadAudits("hospitalsBps");
        audits = good;
        audits.slashBps = 0;
        expectBadAudits("slashBps");
        audits.slashBps = 10_001;
        expectBadAudits("slashBps");
        audits = good;
        audits.steps = 0;
        expectBadAudits("steps");
        audits.steps = 65;
        expectBadAudits("steps");
        audits = good;
        audits.inputs = 1;
        expectBadAudits("inputs");
        audits.inputs = 65;
        expectBadAudits("inputs");
        audits = good;
        audits.contributions = 0;
        expectBadAudits("contributions");
        audits = good;
        audits.revealSeconds = 0;
        expectBadAudits("seconds");
        audits = good;
        audits.auditSeconds = 0;
        expectBadAudits("seconds");
        audits = good;
        rules.rounds = 0;
        expectBadAudits("rounds");
    }

    function test_ProvenRoundsAreNeitherSumsOfColumnsNorScoredSums() public {
        found(defaultRules(), 4);
        rules.standardise = true;
        expectBadAudits("standardise");
        rules = provenMaskedRules();
        rules.scored = true;
        expectBadAudits("scored");
        rules = provenMaskedRules();
        rules.fractionBits = 31;
        expectBadAudits("fractionBits");
        rules = provenMaskedRules();
        vm.assertEq(createProvenStudy().rules().fractionBits, 32);
    }

    function test_EveryContractIsAtMost20KBButAStudy() public view {
        vm.assertLe(address(credits).code.length, 20_000, "Credits");
        vm.assertLe(address(registry).code.length, 20_000, "HospitalRegistry");
        vm.assertLe(address(factory).code.length, 20_000, "StudyFactory");
        // The most that a chain takes (EIP-170).
        vm.assertLe(address(factory.implementation()).code.length, 24_576, "Study");
        vm.assertLe(address(reputation).code.length, 20_000, "Reputation");
        vm.assertLe(address(models).code.length, 20_000, "ModelRegistry");
        vm.assertLe(address(pot).code.length, 20_000, "GasPot");
        // A linked library that takes a study's storage is called, not inlined; its code counts, too.
        vm.assertLe(type(Auditing).runtimeCode.length, 20_000, "Auditing");
        vm.assertLe(type(Masked).runtimeCode.length, 20_000, "Masked");
        vm.assertLe(type(Reads).runtimeCode.length, 20_000, "Reads");
        vm.assertLe(type(Scoring).runtimeCode.length, 20_000, "Scoring");
        vm.assertLe(type(Selection).runtimeCode.length, 20_000, "Selection");
        vm.assertLe(type(Settlement).runtimeCode.length, 20_000, "Settlement");
        vm.assertLe(type(Signing).runtimeCode.length, 20_000, "Signing");
    }

    function expectBadAudits(string memory reason) private {
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_BadRules.selector, reason));
        vm.prank(sponsor);
        factory.createProvenStudy(rules, audits);
    }

    function expectBadRules(string memory reason) private {
        vm.expectRevert(abi.encodeWithSelector(IStudy.Study_BadRules.selector, reason));
        vm.prank(sponsor);
        factory.createStudy(rules);
    }
}
