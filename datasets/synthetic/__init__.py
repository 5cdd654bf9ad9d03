"""Renderer of people under visible and infrared cameras, written in the on-disk layouts of the real datasets.

person -> what stays with an identity; pose, scene, camera -> what varies; body -> tubes; tube -> pixels;
layouts -> which image goes to which path; write -> the folder.
"""
