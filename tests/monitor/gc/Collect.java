// SPDX-License-Identifier: GPL-2.0-or-later
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;

/* As collect.py. */
public class Collect {
	static byte[] kept;

	static long count(String name)
	{
		long count = 0;

		for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans())
			if (collector.getName().equals(name))
				count += collector.getCollectionCount();
		return count;
	}

	public static void main(String[] args) throws Exception
	{
		long young, full;

		young = count("Copy");
		full = count("MarkSweepCompact");
		System.out.println("ready");
		System.in.read();
		for (int i = 0; i < 3; i++)
			System.gc();
		for (int i = 0; i < 200; i++)
			kept = new byte[100000];
		System.out.println("young " + (count("Copy") - young));
		System.out.println("full " + (count("MarkSweepCompact") - full));
		System.out.println("done");
		System.in.read();
	}
}
