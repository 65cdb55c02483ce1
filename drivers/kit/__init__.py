"""What a driver's author borrows: closing from any thread, time stamps, tasks, options, challenges, FFmpeg, quirks."""
