// Commissions a camera with the npm `onvif` client and prints one JSON object of what it saw.
// node commission_client.js HOST PORT wsse|digest; the password comes in PASSWORD, the modules in NODE_PATH.
'use strict';
const { Cam } = require('onvif');
const [host, port, mode] = process.argv.slice(2);
const NEW = 'canary-9c2d';
const options = { hostname: host, port: Number(port), username: 'admin', timeout: 60000,
	useWSSecurity: mode !== 'digest', autoconnect: false };
const call = (cam, name, ...args) => new Promise((resolve, reject) =>
	cam[name](...args, (error, value) => error ? reject(new Error(`${name}: ${error.message}`)) : resolve(value)));

async function open(password) {
	const cam = new Cam({ ...options, password });
	await call(cam, 'connect');
	return cam;
}

async function main() {
	let cam = await open(process.env.PASSWORD);
	const saw = { media2: !!cam.media2Support };
	const encoders = [].concat(await call(cam, 'getVideoEncoderConfigurations'));
	const sub = encoders.find(each => each.$.token === 'encoder_sub0');
	sub.encoding = 'H265';
	sub.resolution = { width: 320, height: 180 };
	sub.rateControl = { frameRateLimit: 8, bitrateLimit: 300 };
	sub.$.GovLength = 16;
	sub.$.Profile = 'Main';
	await call(cam, 'setVideoEncoderConfiguration', sub);
	const told = [].concat(await call(cam, 'getVideoEncoderConfigurations')).find(each => each.$.token === 'encoder_sub0');
	saw.encoder = { encoding: told.encoding, resolution: told.resolution, fps: told.rateControl.frameRateLimit,
		group: told.$.GovLength };
	saw.stream = (await call(cam, 'getStreamUri', { profileToken: 'sub', protocol: 'RTSP' })).uri;

	await call(cam, 'createOSD', { plaintext: 'gate 3', position: 'UpperRight',
		videoSourceConfiguationToken: 'source_config0' });
	saw.osds = JSON.stringify(await call(cam, 'getOSDs'));
	await call(cam, 'setNTP', { fromDHCP: false, type: 'DNS', dnsName: 'vn.pool.ntp.org' });
	saw.ntp = JSON.stringify(await call(cam, 'getNTP'));
	await call(cam, 'setSystemDateAndTime', { dateTimeType: 'NTP', daylightSavings: false, timezone: 'ICT-7' });
	saw.mac = JSON.stringify(await call(cam, 'getNetworkInterfaces'));
	await call(cam, 'setImagingSettings', { token: 'source0', brightness: 60, focus: { autoFocusMode: 'MANUAL' } });
	await call(cam, 'imagingMove', { token: 'source0', absolute: { position: 0.3, speed: 1 } });
	saw.imaging = await call(cam, 'getImagingSettings', { token: 'source0' });

	await call(cam, 'createUsers', [{ username: 'guard', password: 'long enough', userLevel: 'User' }]);
	// it reads them at once, by the password that it has just changed
	saw.oldPassword = await call(cam, 'setUsers', [{ username: 'admin', password: NEW, userLevel: 'Administrator' }])
		.then(() => 'let in', error => error.message);
	cam = await open(NEW);
	await call(cam, 'deleteUsers', ['guard']);
	saw.users = await call(cam, 'getUsers');
	// not systemReboot: it sends it to the I/O service (0.8.3), where no such operation is
	console.log(JSON.stringify(saw));
}

main().then(() => process.exit(0), error => { console.error(error); process.exit(1); });
