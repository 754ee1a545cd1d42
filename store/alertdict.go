package store

// dictID is written into every frame. A better dictionary gets a new number, and this one stays for the bodies that were made with it.
const dictID = 1

// alertDict is what the JSON of alerts has in common: the documented field names in the documented order, and frequent values. Compression
// of a single alert starts from here. It must never change: a stored body can only be read with the bytes it was made with.
const alertDict = `PreventedBlockedNewActiveUnsuccessfulRemediatedSuspiciousAttackedMitigated` +
	`Security operations should investigate the alert and decide on the containment of the device. ` +
	`CollectionCommandAndControlCredentialAccessDefenseEvasionDiscoveryExecutionExfiltrationExploitImpactInitialAccessLateralMovement` +
	`MalwarePersistencePrivilegeEscalationRansomwareReconnaissanceSuspiciousActivityUnwantedSoftware` +
	`AntivirusSmartScreenCustomTiMicrosoftDefenderForOffice365AutomatedInvestigationThreatExpertsCustomDetectionMicrosoftDefenderForIdentity` +
	`TruePositiveInformationalExpectedActivityFalsePositiveNotAvailableOtherMultiStagedAttackMaliciousUserActivityCompromisedAccountPhishing` +
	`UnsupportedAlertTypeTerminatedBySystemPendingApprovalSuccessfullyRemediatedBenignFailedPartiallyRemediatedQueuedRunning` +
	`HKEY_LOCAL_MACHINEHKEY_CURRENT_USERSOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run` +
	`C:\\Windows\\System32\\WindowsPowerShell\\v1.0powershell.exe -NoProfile -ExecutionPolicy Bypass -EncodedCommand cmd.exe /c rundll32.exe` +
	`C:\\Users\\Public\\AppData\\Local\\Temp\\C:\\ProgramData\\C:\\Program Files\\services.exesvchost.exeexplorer.exewinword.exeexcel.exe` +
	`certutil.exemshta.exewmic.exeregsvr32.exelsass.exeNT AUTHORITYSYSTEM` +
	`{"id":"da637","incidentId":1,"investigationId":null,"assignedTo":null,"severity":"Low","severity":"Medium","severity":"High",` +
	`"severity":"Informational","status":"New","status":"InProgress","status":"Resolved","classification":null,"determination":null,` +
	`"investigationState":"UnsupportedAlertType","detectionSource":"WindowsDefenderAtp","detectorId":"-","category":"Execution",` +
	`"threatFamilyName":null,"title":"Suspicious PowerShell command line","description":"A suspicious ","recommendedAction":"",` +
	`"alertCreationTime":"2026-01-01T00:00:00.0000000Z","firstEventTime":"2026-01-01T00:00:00.0000000Z",` +
	`"lastEventTime":"2026-01-01T00:00:00.0000000Z","lastUpdateTime":"2026-01-01T00:00:00.0000000Z","resolvedTime":null,` +
	`"machineId":"","computerDnsName":"","rbacGroupName":"","aadTenantId":"","threatName":null,"mitreTechniques":["T1059.001",` +
	`"T1003.001"],"relatedUser":{"userName":"","domainName":""},"relatedUser":null,"loggedOnUsers":[{"accountName":"","domainName":""}],` +
	`"comments":[{"comment":"","createdBy":"","createdTime":"2026-01-01T00:00:00.0000000Z"}],"alertFiles":[],"domains":[],` +
	`"evidence":[{"entityType":"User","evidenceCreationTime":"2026-01-01T00:00:00.00Z","sha1":null,"sha256":null,"fileName":null,` +
	`"filePath":null,"processId":null,"processCommandLine":null,"processCreationTime":null,"parentProcessId":null,` +
	`"parentProcessCreationTime":null,"parentProcessFileName":null,"parentProcessFilePath":null,"ipAddress":null,"url":null,` +
	`"registryKey":null,"registryHive":null,"registryValueType":null,"registryValue":null,"registryValueName":null,"accountName":"",` +
	`"domainName":"","userSid":"S-1-5-21-","aadUserId":"","userPrincipalName":"","detectionStatus":"Detected"},` +
	`{"entityType":"Ip","evidenceCreationTime":"2026-01-01T00:00:00.00Z","ipAddress":"10.0.0.1"},` +
	`{"entityType":"File","evidenceCreationTime":"2026-01-01T00:00:00.00Z","sha1":"","sha256":"","fileName":"","filePath":"C:\\Windows\\System32",` +
	`{"entityType":"Process","evidenceCreationTime":"2026-01-01T00:00:00.00Z","sha1":"","sha256":"","fileName":"powershell.exe",` +
	`"filePath":"C:\\Windows\\System32\\WindowsPowerShell\\v1.0","processId":1,"processCommandLine":"","processCreationTime":"2026-01-01T00:00:00.0000000Z",` +
	`"parentProcessId":1,"parentProcessCreationTime":"2026-01-01T00:00:00.0000000Z","parentProcessFileName":"cmd.exe",` +
	`"parentProcessFilePath":"C:\\Windows\\System32","ipAddress":null,"url":null,"registryKey":null,"registryHive":null,` +
	`"registryValueType":null,"registryValue":null,"registryValueName":null,"accountName":null,"domainName":null,"userSid":null,` +
	`"aadUserId":null,"userPrincipalName":null,"detectionStatus":"Detected"}]}`
